import { ownSource } from '@gatehouse/mesh';
import type { Database, Transaction } from '@gatehouse/postgres';
import type { Clock, Logger } from '@gatehouse/process';
import type { KeyRing } from '../domain/key-ring.ts';
import { type KeyPlan, type KeyTerms, planDueRotation } from '../domain/signing-key-plan.ts';
import type { Events } from '../events.ts';
import type { SigningKeys } from '../store/key-set.ts';
import type { KeyChange } from '../store/known-keys.ts';
import { carryOut, isUntidy, reseal, tidy } from '../store/signing-key-changes.ts';
import { listSigningKeys, lockSigningKeys, tryLockSigningKeys } from '../store/signing-keys.ts';

export interface RotationOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Events;
  readonly keyRing: KeyRing;
  readonly terms: KeyTerms;
  readonly keys: Pick<SigningKeys, 'known' | 'announce'>;
}

export interface Rotation {
  /** Does what is due, waiting for another instance that does it already. Who asks at the same time waits for one. */
  run(): Promise<void>;
  stop(): Promise<void>;
}

/** How often the keys in memory are looked at. Postgres is asked only when something seems due. */
const EVERY_MS = 1_000;

/**
 * Rotates the signing keys when their time has come, makes the first one, and removes those whose time is over. Every
 * instance runs it; one at a time does something. It never fails: what can't be done now is logged and tried again.
 */
export function startRotatingSigningKeys(options: RotationOptions): Rotation {
  const { db, clock, logger, terms, keys } = options;
  const stopping = new AbortController();
  const own = db.within({ signal: stopping.signal });
  /** The first look is at Postgres: there may be no key, or one that is sealed with an old key of the ring. */
  let started = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;

  const isDue = () => {
    const nowMs = clock.now().getTime();
    const { known } = keys;
    if (!started || !known) return !started;
    return isNeeded(planDueRotation(known, nowMs, terms)) || isUntidy(known, nowMs);
  };
  const work = async (lock: (tx: Transaction) => Promise<boolean>) => {
    const done = await own.transaction(async (tx) => ((await lock(tx)) ? rotate(tx, options, !started) : undefined));
    if (!done) return;
    started = true;
    await keys.announce(done);
  };
  const tick = async () => {
    try {
      if (isDue()) await work(tryLockSigningKeys);
      failing = false;
    } catch (error) {
      if (!failing && !stopping.signal.aborted) logger.warn({ err: error }, 'signing keys wait to be rotated');
      failing = true;
    }
    if (!stopping.signal.aborted) timer = setTimeout(again, EVERY_MS);
  };
  const again = () => {
    running = tick();
  };
  let running = tick();
  let asked: Promise<void> | undefined;

  return {
    run() {
      asked ??= work(lockSigningKeys).finally(() => {
        asked = undefined;
      });
      return asked;
    },
    async stop() {
      stopping.abort();
      await running;
      clearTimeout(timer);
    },
  };
}

async function rotate(tx: Transaction, options: RotationOptions, isFirst: boolean): Promise<KeyChange> {
  const { clock, keyRing, terms, logger } = options;
  const found = await listSigningKeys(tx);
  const unreadable = isFirst ? await reseal(tx, keyRing, found) : [];
  if (unreadable.length > 0) logger.error({ kids: unreadable }, 'signing keys can not be opened with the key ring');
  const keys = isFirst ? await listSigningKeys(tx) : found;
  const at = clock.now();
  const plan = planDueRotation(keys, at.getTime(), terms);
  const { change } = await carryOut(tx, options, { keys, plan, at, source: ownSource('session') });
  await tidy(tx, await listSigningKeys(tx), at.getTime());
  return change;
}

function isNeeded({ changed, newKeyActivatesAt }: KeyPlan): boolean {
  return changed.length > 0 || newKeyActivatesAt !== undefined;
}
