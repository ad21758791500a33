import { type Sweep, type SweepOptions, startSweep } from '@gatehouse/mesh';
import { Counter, type Registry } from '@gatehouse/process';
import { deleteOldChanges } from '../store/swept-changes.ts';

export interface SweepChangesOptions extends Pick<SweepOptions, 'db' | 'logger' | 'everyMs' | 'pauseMs'> {
  readonly registry: Registry;
  /** How long a change is kept, by the database's clock. */
  readonly retentionHours: number;
}

/** Removes changes of which every watch was told long ago; see `startSweep`. */
export function startSweepingChanges({ registry, retentionHours, ...options }: SweepChangesOptions): Sweep {
  return startSweep({
    ...options,
    rows: { lock: 'gatehouse.authz.changes', plural: 'old changes' },
    removed: new Counter({
      name: 'authz_changes_removed_total',
      help: 'Changes removed from the log because they are older than it is kept.',
      registers: [registry],
    }),
    removeBatch: (tx, limit) => deleteOldChanges(tx, retentionHours, limit),
  });
}
