/** What h2load printed about its calls. */
export interface H2loadSummary {
  readonly perSecond: number;
  /** Calls that ended in any other way than with HTTP 200. */
  readonly failures: number;
}

/** Reads what h2load prints. Throws when it is not there: a version that prints something else measures nothing. */
export function parseSummary(output: string): H2loadSummary {
  const [, perSecond] = match(output, /^finished in [\d.]+m?s, ([\d.]+) req\/s/m);
  const [, failed, errored, timedOut] = match(output, /^requests: .* (\d+) failed, (\d+) errored, (\d+) timeout$/m);
  const [, redirected, refused, broken] = match(output, /^status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx$/m);
  const failures = [failed, errored, timedOut, redirected, refused, broken];
  return { perSecond: Number(perSecond), failures: failures.reduce((sum, count) => sum + Number(count), 0) };
}

/** The times in an h2load log, whose lines are a start in Unix microseconds, an HTTP status and the time in microseconds. */
export function* parseLog(log: string): Generator<number> {
  for (const line of log.split('\n')) {
    if (line === '') continue;
    const us = Number(line.split('\t')[2]);
    if (!Number.isInteger(us) || us < 0) throw new Error(`h2load logged a line of another form: ${line}`);
    yield us;
  }
}

function match(output: string, pattern: RegExp): RegExpExecArray {
  const found = pattern.exec(output);
  if (!found) throw new Error(`h2load printed no line like ${pattern.source}:\n${output}`);
  return found;
}
