import { constants } from 'node:os';
import { bench } from './bench.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { toReport, toTable } from './report.ts';

/** The whole run may take this long, however slow the machine is. */
const BENCH_MS_MAX = 40 * 60_000;

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    process.exitCode = 128 + constants.signals[name];
    stopping.abort(new Error(`stopped by ${name}`));
  });
}
const limit = setTimeout(() => stopping.abort(new Error(`took over ${BENCH_MS_MAX / 60_000} minutes`)), BENCH_MS_MAX);

const say = (line: string) => process.stderr.write(`bench: ${line}\n`);
try {
  const options = read();
  const results = await bench(options, stopping.signal, say);
  process.stdout.write(options.json ? `${JSON.stringify(toReport(results))}\n` : toTable(results));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode ??= 1;
} finally {
  clearTimeout(limit);
}

function read(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}
