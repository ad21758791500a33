import type { Logger } from '@gatehouse/process';
import type { RedisStore } from '@gatehouse/redis';
import type { Tools } from '../peers/tools.ts';
import { type EndBackupDeps, failBackup } from './end-backup.ts';
import { failRestoreDrill } from './end-restore-drill.ts';
import { runBackup } from './run-backup.ts';
import type { RunQueue } from './run-queue.ts';
import { runRestoreDrill } from './run-restore-drill.ts';
import { startRunWorker } from './run-worker.ts';
import { startSweep } from './sweep-runs.ts';

export interface StartRunsDeps extends EndBackupDeps {
  readonly queue: RunQueue;
  readonly redis: RedisStore;
  readonly tools: Tools;
  readonly logger: Logger;
  readonly sweepIntervalMs: number;
}

/**
 * Starts what carries runs out, and what looks after those that nobody carries out. An instance without pgBackRest takes
 * no run from the queue: another instance may have it.
 */
export function startRuns(deps: StartRunsDeps): { stop(): Promise<void> } {
  const { db, queue, redis, events, tools, logger, sweepIntervalMs } = deps;
  const worker =
    'why' in tools
      ? undefined
      : startRunWorker({
          redis,
          logger,
          runs: {
            'run-backup': runBackup({ ...deps, pgBackRest: tools.pgBackRest }),
            'run-restore-drill': runRestoreDrill({ ...deps, ...tools }),
          },
        });
  const sweep = startSweep({
    db,
    queue,
    events,
    isRunning: (id) => worker?.isRunning(id) ?? false,
    restores: 'why' in tools ? undefined : tools.restores,
    fail: {
      'run-backup': (id, error) => failBackup(deps, id, error),
      'run-restore-drill': (id, error) => failRestoreDrill(deps, id, error, { disproves: false }),
    },
    logger,
    intervalMs: sweepIntervalMs,
  });
  return {
    async stop() {
      await sweep.stop();
      await worker?.stop();
    },
  };
}
