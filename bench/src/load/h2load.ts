import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ask } from './ask.ts';
import type { DriveOptions, Measured } from './drive.ts';
import { fromFrame } from './grpc-frame.ts';
import { parseLog, parseSummary } from './h2load-output.ts';
import { histogram } from './histogram.ts';
import { CONNECTIONS, type Exchange, STREAMS } from './pump.ts';
import { GRPC_HEADERS, type Target } from './target.ts';

/** How long h2load may take beyond what it was asked for. */
const OVERRUN_MS = 10_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;

/**
 * Measures with h2load, which sends one request over and over. It takes HTTP 200 for success and cannot see grpc-status,
 * so the same request is sent and its answer checked right before and after.
 */
export async function h2load(
  file: string,
  target: Target,
  { request, answer }: Exchange,
  { warmUpMs, runMs, signal }: DriveOptions,
): Promise<Measured> {
  const check = async () => {
    const [message] = await ask(target, [request], signal);
    if (!message?.equals(fromFrame(answer))) throw new Error(`${target.path} gave a wrong answer beside h2load.`);
  };
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
  try {
    const body = join(folder, 'body');
    const log = join(folder, 'log');
    await writeFile(body, request);
    await check();
    const { stdout } = await promisify(execFile)(file, h2loadArguments(target, { body, log, warmUpMs, runMs }), {
      signal,
      timeout: warmUpMs + runMs + OVERRUN_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    await check();
    const { perSecond, failures } = parseSummary(stdout);
    if (failures > 0) throw new Error(`h2load counted ${failures} calls that failed:\n${stdout}`);
    const latencies = histogram();
    for (const us of parseLog(await readFile(log, 'utf8'))) latencies.record(us);
    return { perSecond, p50Us: latencies.percentile(0.5), p99Us: latencies.percentile(0.99), cpuUs: undefined };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The command line. The scheme http without TLS makes it speak HTTP/2 from the first byte, as gRPC does. */
export function h2loadArguments(
  { port, path }: Target,
  { body, log, warmUpMs, runMs }: { body: string; log: string; warmUpMs: number; runMs: number },
): string[] {
  return [
    `--clients=${CONNECTIONS}`,
    `--max-concurrent-streams=${STREAMS}`,
    '--threads=1',
    `--duration=${runMs / 1000}`,
    `--warm-up-time=${warmUpMs / 1000}`,
    `--data=${body}`,
    `--log-file=${log}`,
    ...GRPC_HEADERS.map(([name, value]) => `--header=${name}: ${value}`),
    `http://127.0.0.1:${port}${path}`,
  ];
}
