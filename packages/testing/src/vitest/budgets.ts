import type { FileTimes } from './file-times.ts';
import { totalMs } from './file-times.ts';

/**
 * Seconds that the files of a workspace may take together, set-up included, in a whole run on two processors of which one does
 * the fixed piece of work in `CALIBRATED_MS`. Files run side by side, so that the whole takes about a quarter of the sum.
 */
export const BUDGETS: Readonly<Record<string, number>> = {
  'packages/client': 110,
  'packages/http': 15,
  'packages/mesh': 40,
  'packages/postgres': 90,
  'packages/process': 5,
  'packages/redis': 90,
  'packages/rpc': 30,
  'packages/testing': 110,
  'packages/verify': 10,
  // What stands, and 60, 45 and 60 seconds for what is to come.
  'services/identity': 105,
  'services/audit': 70,
  'services/ops': 180,
  'services/authz': 420,
  // With 45 seconds for the programs at the edge.
  'services/session': 520,
  bench: 15,
  cli: 100,
  // The chart and the upgrade.
  deploy: 60,
  'examples/orders-service': 15,
  'test/mesh': 200,
  tools: 60,
};

/** What the fixed piece of work takes on the machine that the budgets were set on. */
export const CALIBRATED_MS = 1_000;

export interface Spent {
  readonly workspace: string;
  readonly seconds: number;
  /** Undefined for a workspace that has no line. */
  readonly budget: number | undefined;
}

/** What each workspace has spent, and what it may spend on a machine of this speed. */
export function spendings(times: FileTimes, calibratedMs: number, budgets = BUDGETS): Spent[] {
  const spent = new Map<string, number>();
  for (const [file, time] of Object.entries(times)) {
    const workspace = workspaceOf(file);
    spent.set(workspace, (spent.get(workspace) ?? 0) + totalMs(time) / 1_000);
  }
  const slowness = calibratedMs / CALIBRATED_MS;
  return [...spent].map(([workspace, seconds]) => {
    const budget = budgets[workspace];
    return { workspace, seconds, budget: budget === undefined ? undefined : budget * slowness };
  });
}

function workspaceOf(file: string): string {
  return /^(?:(?:packages|services|examples)\/[^/]+|test\/mesh|[^/]+)/.exec(file)?.[0] ?? file;
}
