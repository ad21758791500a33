import type { Database } from '@gatehouse/postgres';
import type { Logger } from '@gatehouse/process';
import type { RunError, RunKind } from '../domain/run.ts';
import type { Events } from '../events.ts';
import type { Restores } from '../peers/restores.ts';
import { type ActiveRun, findActiveRuns } from '../store/active-runs.ts';
import { findLastSuccessfulBackup } from '../store/backup-configurations.ts';
import { findEndedRestoreDrills } from '../store/restore-drills.ts';
import type { RunQueue } from './run-queue.ts';

export interface SweepDeps {
  readonly db: Database;
  readonly queue: RunQueue;
  readonly events: Events;
  /** Whether this process works on the run. */
  readonly isRunning: (id: string) => boolean;
  /** Undefined where nothing can be restored. */
  readonly restores: Pick<Restores, 'leftovers' | 'remove'> | undefined;
  /** Ends a run whose job is no more. */
  readonly fail: Readonly<Record<RunKind, (id: string, error: RunError) => Promise<void>>>;
  readonly logger: Logger;
  readonly intervalMs: number;
}

const LOST: RunError = {
  code: 'RUN_LOST',
  message: 'The process that carried it out has died, and nothing is left of its job in the queue.',
};
const GIVEN_UP: RunError = {
  code: 'RUN_GIVEN_UP',
  message: 'Every attempt at it died or found a store out of reach; the log of the ops service tells more.',
};

/**
 * Sees to what a process that died has left, at once and then again and again: a run that was stored and never queued is
 * queued, one whose job is no more is failed, and what a drill left on the disk is removed.
 */
export function startSweep(deps: SweepDeps): { stop(): Promise<void> } {
  const { logger, intervalMs } = deps;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const tick = async () => {
    try {
      await sweep(deps);
    } catch (error) {
      logger.warn({ err: error }, 'runs were not looked after');
    }
    if (stopped) return;
    timer = setTimeout(() => {
      running = tick();
    }, intervalMs);
  };
  let running = tick();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

async function sweep(deps: SweepDeps): Promise<void> {
  const { db, events } = deps;
  events.lastSuccessfulBackup(await findLastSuccessfulBackup(db));
  await removeLeftovers(deps);
  for (const run of await findActiveRuns(db)) await lookAfter(run, deps);
}

async function lookAfter(
  { kind, id, status, requester }: ActiveRun,
  { queue, isRunning, fail, logger }: SweepDeps,
): Promise<void> {
  // Should Redis have lost the job meanwhile, this process still ends the run.
  if (isRunning(id)) return;
  const state = await queue.stateOf(id);
  if (state === 'alive') return;
  if (state === 'gone' && status === 'pending') {
    logger.info({ run: id, kind }, 'a run that was not queued is queued');
    return await queue.add(kind, id, requester);
  }
  const error = state === 'gone' ? LOST : GIVEN_UP;
  logger.warn({ run: id, kind, code: error.code }, 'a run that nobody carries out is failed');
  await fail[kind](id, error);
}

/** A directory whose drill is not known stays: it may be of a mesh with another database. */
async function removeLeftovers({ db, restores, isRunning, logger }: SweepDeps): Promise<void> {
  const left = (await restores?.leftovers()) ?? [];
  if (!restores || left.length === 0) return;
  for (const id of await findEndedRestoreDrills(db, left)) {
    if (isRunning(id)) continue;
    logger.info({ run: id }, 'what a restore drill has left is removed');
    await restores.remove(id);
  }
}
