import { constants } from 'node:os';
import { bench } from './bench.ts';
import { longestMs, type Options, readOptions, USAGE } from './options.ts';
import { toReport, toTable } from './report.ts';

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    process.exitCode = 128 + constants.signals[name];
    stopping.abort(new Error(`stopped by ${name}`));
  });
}

const say = (line: string) => process.stderr.write(`bench: ${line}\n`);
try {
  const options = read();
  process.stdout.write(options === 'help' ? USAGE : await run(options));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode ??= 1;
}

function read(): Options | 'help' {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

/** Measures, and answers what is to be printed. Stops when it takes longer than it may. */
async function run(options: Options): Promise<string> {
  const limitMs = longestMs(options);
  const limit = setTimeout(() => stopping.abort(new Error(`took over ${limitMs / 60_000} minutes`)), limitMs);
  try {
    const results = await bench(options, stopping.signal, say);
    if (results.rows.length + results.figures.length === 0)
      throw new Error(`Nothing has "${options.only}" in its name.`);
    return options.json ? `${JSON.stringify(toReport(results))}\n` : toTable(results);
  } finally {
    clearTimeout(limit);
  }
}
