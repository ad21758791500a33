import { expect, it } from 'vitest';
import { finalCounts, summaryLine } from './run-summary.ts';

it.each([
  ['a run as it was', { passed: 3, failed: 0, skipped: 1 }, 0, '3 passed, 0 failed, 1 skipped'],
  ['failures as they were', { passed: 3, failed: 2, skipped: 1 }, 1, '3 passed, 2 failed, 1 skipped'],
  ['a run that tested nothing', { passed: 0, failed: 0, skipped: 4 }, 0, '0 passed, 1 failed, 4 skipped'],
  [
    'a process that failed for another reason',
    { passed: 3, failed: 0, skipped: 0 },
    1,
    '3 passed, 1 failed, 0 skipped',
  ],
  ['a run that never came to its end', undefined, 0, '0 passed, 1 failed, 0 skipped'],
])('reports %s', (_title, counts, exitCode, expected) => {
  expect(summaryLine(finalCounts(counts, exitCode))).toBe(expected);
});
