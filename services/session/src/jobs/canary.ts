import { isFailure } from '@gatehouse/failure';
import { Counter, Gauge, Histogram, type Logger, type Registry } from '@gatehouse/process';
import type { CanarySession } from '../store/canary-session.ts';

/** How often it is looked whether a canary is refused, while no word of its end comes. Milliseconds. */
const LOOK_MS = 20;
/** How often its end is told again when Redis did not take it: as often as the relay tells those of sessions. Milliseconds. */
const TELL_AGAIN_MS = 250;
/** A canary that is accepted for this many times the bound is given up. */
const BOUNDS_MAX = 3;
/** Upper bounds in seconds. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface CanaryOptions {
  readonly session: CanarySession;
  /** How often a canary is revoked; 0: never. Milliseconds. */
  readonly everyMs: number;
  /** How long a revoked session may be accepted. Milliseconds. */
  readonly boundMs: number;
  readonly logger: Logger;
  readonly registry: Registry;
}

type Result = 'refused' | 'late' | 'never' | 'skipped';

/**
 * Revokes a session of its own again and again, and measures how long this instance goes on to accept it: from the moment
 * at which the truth says so, through Redis and the bus. While Redis is away there is nothing to measure.
 */
export function startCanary({ session, everyMs, boundMs, logger, registry }: CanaryOptions): { stop(): Promise<void> } {
  const metrics = openMetrics(registry);
  const stopping = new AbortController();
  let flight: Promise<void> | undefined;
  let troubled = false;

  const report = (result: Result, ms?: number) => {
    metrics.canaries.inc({ result });
    if (ms !== undefined) {
      metrics.seconds.observe(ms / 1000);
      metrics.last.set(ms / 1000);
    }
    const isTrouble = result === 'late' || result === 'never';
    if (isTrouble && !troubled) logger.warn({ result, ms, boundMs }, 'a revoked session was accepted for too long');
    if (result !== 'skipped') troubled = isTrouble;
  };
  const fly = async () => {
    if (!(await session.revive())) return report('skipped');
    const flown = new AbortController();
    const signal = AbortSignal.any([stopping.signal, flown.signal]);
    const noticed = new Promise<void>((resolve) => session.onNotice(resolve));
    const startedAtMs = performance.now();
    session.revoke();
    const told = tellUntil(session, signal);
    // Awaited below, where it is too late for Node.
    told.catch(() => {});
    try {
      await Promise.race([noticed, pause(LOOK_MS, signal)]);
      for (;;) {
        // A validation counts from when it begins: how long its answer takes is not how long the session is accepted.
        const ms = performance.now() - startedAtMs;
        // Between two looks it may have been refused all the time.
        if (!(await session.isAccepted(signal))) return report(ms > boundMs + LOOK_MS ? 'late' : 'refused', ms);
        if (ms >= boundMs * BOUNDS_MAX) return report('never');
        await pause(LOOK_MS, signal);
        if (stopping.signal.aborted) return;
      }
    } finally {
      flown.abort();
      await told;
    }
  };
  const begin = () => {
    flight ??= fly()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) logger.error({ err: error }, 'a canary failed');
      })
      .finally(() => {
        flight = undefined;
      });
  };
  const timer = everyMs > 0 ? setInterval(begin, everyMs) : undefined;
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await flight;
      session.close();
    },
  };
}

/** Tells that a canary has ended, again and again until Redis has taken it. */
async function tellUntil(session: CanarySession, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      return await session.tell();
    } catch (error) {
      if (!isFailure(error)) throw error;
      await pause(TELL_AGAIN_MS, signal);
    }
  }
}

/** Waits, at most until the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}

function openMetrics(registry: Registry) {
  const registers = [registry];
  return {
    seconds: new Histogram({
      name: 'session_revoke_to_refuse_seconds',
      help: 'Seconds from the revocation of a session elsewhere until this instance refuses it, by its canaries.',
      buckets: SECONDS,
      registers,
    }),
    last: new Gauge({
      name: 'session_revoke_to_refuse_last_seconds',
      help: 'Seconds of the last canary.',
      registers,
    }),
    canaries: new Counter({
      name: 'session_canaries_total',
      help: 'Canaries, by result: refused, late (after the bound), never, or skipped because memory did not answer.',
      labelNames: ['result'],
      registers,
    }),
  };
}
