import { type Sweep, startSweep } from '@gatehouse/mesh';
import type { Database } from '@gatehouse/postgres';
import { type Clock, Counter, type Logger, type Registry } from '@gatehouse/process';
import { deleteEndedSessions } from '../store/ended-sessions.ts';

export interface SweepOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** How long a session is kept after its end. Days. */
  readonly retentionDays: number;
  readonly everyMs?: number;
  readonly pauseMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Removes sessions whose end is long past, so that nobody who signs in waits for it; see `startSweep`. */
export function startSweepingSessions({ clock, registry, retentionDays, ...options }: SweepOptions): Sweep {
  return startSweep({
    ...options,
    rows: { lock: 'gatehouse.session.sweep', plural: 'ended sessions' },
    removed: new Counter({
      name: 'session_sweep_removed_total',
      help: 'Sessions removed because they ended longer ago than they are kept.',
      registers: [registry],
    }),
    removeBatch: (tx, limit) =>
      deleteEndedSessions(tx, new Date(clock.now().getTime() - retentionDays * DAY_MS), limit),
  });
}
