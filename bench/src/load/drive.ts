import { type Histogram, histogram } from './histogram.ts';
import { type Exchange, pump, type Work } from './pump.ts';
import type { Target } from './target.ts';

export interface DriveOptions {
  /** How long answers are at least checked but not counted, and then how long they are counted. */
  readonly warmUpMs: number;
  readonly runMs: number;
  readonly signal: AbortSignal;
  /** Read when counting begins and when it ends: the time that the server has spent on a processor. Milliseconds. */
  readonly cpuMs: () => number | undefined;
}

/** How requests get to a server: over many calls, or over one stream. */
export type Pump = (target: Target, work: Work<Exchange>, signal: AbortSignal) => Promise<void>;

/** What a load measured. */
export interface Measured {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Processor time of the server for each answer, where the machine tells. Microseconds. */
  readonly cpuUs: number | undefined;
}

/** Answers after which the server's code has been compiled to its best form; a busy machine may need long for them. */
const WARM_UP_ANSWERS = 20_000;
const WARM_UP_MS_MAX = 15_000;

interface Window {
  readonly startedAt: number;
  readonly cpuMs: number | undefined;
  readonly latencies: Histogram;
}

/** Sends the exchanges over and over and measures. Every answer has to be, to the byte, the one of its exchange. */
export async function drive(
  target: Target,
  exchanges: readonly Exchange[],
  options: DriveOptions,
  send: Pump = pump,
): Promise<Measured> {
  const { warmUpMs, runMs, cpuMs } = options;
  const warmFromMs = performance.now() + warmUpMs;
  const warmByMs = performance.now() + Math.max(warmUpMs, WARM_UP_MS_MAX);
  let index = 0;
  let answers = 0;
  let timer: NodeJS.Timeout | undefined;
  let window: Window | undefined;
  let measured: Measured | undefined;
  const begin = (now: number) => {
    window = { startedAt: now, cpuMs: cpuMs(), latencies: histogram() };
    timer = setTimeout(() => {
      if (window) measured = evaluate(window, performance.now(), cpuMs());
    }, runMs);
  };
  const work = {
    next() {
      if (measured) return undefined;
      const exchange = exchanges[index];
      index = (index + 1) % exchanges.length;
      return exchange;
    },
    answered(exchange: Exchange, body: Buffer, ms: number) {
      if (!isAnswerTo(exchange, body)) throw new Error(`${target.path} gave a wrong answer: ${body.toString('hex')}`);
      if (window) {
        if (!measured) window.latencies.record(ms * 1000);
        return;
      }
      answers += 1;
      const now = performance.now();
      if ((now >= warmFromMs && answers >= WARM_UP_ANSWERS) || now >= warmByMs) begin(now);
    },
  };
  try {
    await send(target, work, options.signal);
  } finally {
    clearTimeout(timer);
  }
  if (!measured) throw new Error('The load ended before its time.');
  return measured;
}

/** Whether these are the bytes that have to come back. */
export function isAnswerTo({ answer, varyingBytes = 0 }: Exchange, body: Buffer): boolean {
  if (varyingBytes === 0) return body.equals(answer);
  const end = answer.length - varyingBytes;
  return body.length === answer.length && body.compare(answer, 0, end, 0, end) === 0;
}

function evaluate({ startedAt, cpuMs, latencies }: Window, endedAt: number, cpuMsAtEnd: number | undefined): Measured {
  const answers = latencies.count;
  const cpuKnown = cpuMs !== undefined && cpuMsAtEnd !== undefined && answers > 0;
  return {
    perSecond: (answers * 1000) / (endedAt - startedAt),
    p50Us: latencies.percentile(0.5),
    p99Us: latencies.percentile(0.99),
    cpuUs: cpuKnown ? ((cpuMsAtEnd - cpuMs) * 1000) / answers : undefined,
  };
}
