import { type Invalidation, startInvalidationRelay } from '@gatehouse/mesh';
import type { Database, Timeline, Transaction } from '@gatehouse/postgres';
import type { Logger, Registry } from '@gatehouse/process';
import type { InvalidationBus, RedisStore } from '@gatehouse/redis';
import type { Call, Encoded } from '@gatehouse/rpc';
import { logChanges } from './change-log.ts';
import type { GrantsCache } from './grants-cache.ts';
import { claimKey, storeResponse } from './idempotency-keys.ts';
import { MODEL_ID, type ModelRevisions } from './model-revisions.ts';
import { recentChanges } from './recent-changes.ts';

/** What a transaction changed, and what its caller is told. */
export interface Changed<Reply> {
  readonly changed: Invalidation | readonly Invalidation[];
  readonly reply: Reply;
}

/** Who asks for a change, and for how long it waits. */
export type Changing = Pick<Call, 'signal' | 'peer' | 'actor' | 'idempotency'>;

/** Writes that caches must hear of. */
export interface Changes {
  /**
   * Runs a write in a transaction that also notes what changed, for the caches and in the log for watchers, and has the
   * caches told once it is committed, whether or not the caller still waits. Resolves to the reply when that was done, by
   * this instance or another, or the bound is over. A request that was carried out before under the idempotency key of the call is not carried out
   * again: its reply then is the earlier one, encoded. Throws Failure `conflict` IDEMPOTENCY_KEY_REUSED.
   */
  commit<Reply>(
    call: Changing,
    request: unknown,
    write: (tx: Transaction) => Promise<Changed<Reply>>,
  ): Promise<Reply | Encoded>;
  stop(): Promise<void>;
}

export interface ChangesOptions {
  readonly db: Database;
  readonly grants: GrantsCache;
  readonly revisions: ModelRevisions;
  readonly redis: RedisStore;
  readonly bus: InvalidationBus;
  readonly timeline: Pick<Timeline, 'current' | 'confirm'>;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Told of the users for whom something changed, or who changed something, before a change is answered. */
  readonly advance: (userIds: readonly string[]) => Promise<void>;
}

/** What changed when the model has a new revision. */
export function modelChanged(revision: bigint): Invalidation {
  return { id: MODEL_ID, version: revision };
}

/** What changed when a user's grants have a new revision. */
export function grantsChanged(userId: string, revision: bigint): Invalidation {
  return { id: userId, version: revision };
}

/**
 * Changes of the model and of grants reach the caches in the same way: noted in the transaction, told after it, and told
 * by the relay of any instance when the one that made the change could not. What is recent is told once more to a Redis that
 * may have lost it.
 */
export function startChanges({
  db,
  grants,
  revisions,
  redis,
  bus,
  timeline,
  logger,
  registry,
  advance,
}: ChangesOptions): Changes {
  const cache = {
    get l2Trusted() {
      return grants.l2Trusted && revisions.l2Trusted;
    },
    distrustL2() {
      grants.distrustL2();
      revisions.distrustL2();
    },
    trustL2() {
      grants.trustL2();
      revisions.trustL2();
    },
    async invalidate(items: readonly Invalidation[]) {
      const ofModel = items.filter(({ id }) => id === MODEL_ID);
      // What is said of the model is said of a user as well: nothing keeps a caller from asking about one with its id.
      await Promise.all([grants.invalidate(items), ofModel.length > 0 && revisions.invalidate(ofModel)]);
    },
  };
  const recent = (windowMs: number) => recentChanges(db, windowMs);
  const relay = startInvalidationRelay({ db, schema: 'authz', cache, redis, bus, timeline, recent, logger, registry });
  return {
    async commit(call, request, write) {
      const { idempotency } = call;
      let told: Promise<unknown> | undefined;
      const reply = await db.within(call).transaction(async (tx) => {
        const earlier = idempotency && (await claimKey(tx, call, idempotency, request));
        if (earlier) return earlier;
        const written = await write(tx);
        const changed = [written.changed].flat();
        relay.stage(tx, changed);
        logChanges(tx, changed);
        if (idempotency) storeResponse(tx, call, idempotency, written.reply);
        tx.afterCommit(() => {
          const users = usersOf(changed, call);
          told = Promise.all([relay.settle(changed), users.length > 0 && advance(users)]);
        });
        return written.reply;
      });
      await told;
      return reply;
    },
    stop: () => relay.stop(),
  };
}

/** Who must not be shown an older state: the user whose grants changed, and the one who changed something. */
function usersOf(changed: readonly Invalidation[], { actor }: Changing): string[] {
  const users = new Set(changed.map(({ id }) => id).filter((id) => id !== MODEL_ID));
  if (actor) users.add(actor.userId);
  return [...users];
}
