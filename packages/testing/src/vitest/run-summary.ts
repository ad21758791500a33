/** How many tests a run passed, failed and skipped. What is broken beside a test counts as failed. */
export interface RunCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The last line of a test run. */
export function summaryLine({ passed, failed, skipped }: RunCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * What is reported when the process is about to exit. There are no counts when the run never came to its end. A run that
 * tested nothing, or whose process fails although no test did (a broken set-up), counts as one failure, so that the
 * summary and the exit code always agree.
 */
export function finalCounts(counts: RunCounts | undefined, exitCode: number): RunCounts {
  if (counts === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const brokenOtherwise = counts.failed === 0 && (counts.passed === 0 || exitCode !== 0);
  return brokenOtherwise ? { ...counts, failed: 1 } : counts;
}
