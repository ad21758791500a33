import { type Sweep, type SweepOptions, startSweep } from '@gatehouse/mesh';
import { Counter, type Registry } from '@gatehouse/process';
import { deleteOldKeys } from '../store/idempotency-keys.ts';

/** How long an answer is kept for whoever asks again. */
const RETENTION_HOURS = 24;

/** Removes idempotency keys that nobody will repeat any more; see `startSweep`. */
export function startSweepingIdempotencyKeys({
  registry,
  ...options
}: Pick<SweepOptions, 'db' | 'logger' | 'everyMs' | 'pauseMs'> & { readonly registry: Registry }): Sweep {
  return startSweep({
    ...options,
    rows: { lock: 'gatehouse.authz.idempotency-keys', plural: 'old idempotency keys' },
    removed: new Counter({
      name: 'authz_idempotency_keys_removed_total',
      help: 'Idempotency keys removed because they are older than they are kept.',
      registers: [registry],
    }),
    removeBatch: (tx, limit) => deleteOldKeys(tx, RETENTION_HOURS, limit),
  });
}
