import { BUDGETS, CALIBRATED_MS, spendings } from './budgets.ts';
import type { FileTimes } from './file-times.ts';
import { totalMs } from './file-times.ts';

/** How many of the slowest files are named. */
const SLOWEST = 10;

/** What a run says about times: the slowest files, workspaces that spent more than they may, and the whole. */
export function timeLines(times: FileTimes, calibratedMs: number, wholeMs: number, budgets = BUDGETS): string[] {
  const slowest = Object.entries(times)
    .sort(([, a], [, b]) => totalMs(b) - totalMs(a))
    .slice(0, SLOWEST)
    .map(([file, time]) => `  ${seconds(time.setUpMs)} s set-up + ${seconds(time.testsMs)} s tests  ${file}`);
  const over = spendings(times, calibratedMs, budgets).flatMap(({ workspace, seconds: spent, budget }) => {
    if (budget === undefined) return [`no budget: ${workspace} spent ${spent.toFixed(1)} s`];
    return spent > budget ? [`over budget: ${workspace} spent ${spent.toFixed(1)} s of ${budget.toFixed(1)} s`] : [];
  });
  const fixed = `the fixed piece of work took ${Math.round(calibratedMs)} ms`;
  return [
    ...(slowest.length > 1 ? ['The slowest files:', ...slowest] : []),
    ...over,
    `${seconds(wholeMs)} s in all; ${fixed}, so ${(wholeMs / calibratedMs).toFixed(0)} of it (budgets are set for ${CALIBRATED_MS} ms)`,
  ];
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1).padStart(5);
}
