import { Counter, type Registry } from '@gatehouse/process';
import type { IdempotencyStatements } from './idempotency-statements.ts';
import { type Sweep, type SweepOptions, startSweep } from './sweep.ts';

export interface SweepIdempotencyKeysOptions extends Pick<SweepOptions, 'db' | 'logger' | 'everyMs' | 'pauseMs'> {
  readonly schema: string;
  readonly statements: Pick<IdempotencyStatements, 'deleteOld'>;
  readonly registry: Registry;
}

/** How long an answer is kept for whoever asks again. */
const RETENTION_HOURS = 24;

/** Removes idempotency keys that nobody will repeat any more; see `startSweep`. */
export function startSweepingIdempotencyKeys({
  schema,
  statements,
  registry,
  ...options
}: SweepIdempotencyKeysOptions): Sweep {
  return startSweep({
    ...options,
    rows: { lock: `gatehouse.${schema}.idempotency-keys`, plural: 'old idempotency keys' },
    removed: new Counter({
      name: `${schema}_idempotency_keys_removed_total`,
      help: 'Idempotency keys removed because they are older than they are kept.',
      registers: [registry],
    }),
    removeBatch: async (tx, limit) => {
      const [row] = await tx.query(statements.deleteOld, [RETENTION_HOURS, limit]);
      return Number(row?.removed ?? 0);
    },
  });
}
