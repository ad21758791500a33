/** One check: says whether it passed, and what to read when it did not. */
export interface Check {
  readonly name: string;
  run(): Promise<{ readonly passed: boolean; readonly output: string }>;
}

/**
 * Runs checks one after the other and prints a line for each, with its time, and the whole output of what failed. A
 * check that throws has failed. Answers whether all passed.
 */
export async function runChecks(checks: readonly Check[], print: (line: string) => void): Promise<boolean> {
  const width = Math.max(...checks.map(({ name }) => name.length));
  let passedAll = true;
  for (const { name, run } of checks) {
    const startedAt = performance.now();
    const { passed, output } = await run().catch((error: unknown) => ({ passed: false, output: describe(error) }));
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    print(`${passed ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${seconds.padStart(5)} s`);
    if (!passed) print(`${output.trimEnd().replace(/^(?=.)/gm, '  ')}\n`);
    passedAll &&= passed;
  }
  return passedAll;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
