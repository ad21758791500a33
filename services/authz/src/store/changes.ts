import {
  type Invalidation,
  openWrites,
  startInvalidationRelay,
  type Writes,
  type Writing,
  type Written,
} from '@gatehouse/mesh';
import type { Database, Timeline, Transaction } from '@gatehouse/postgres';
import type { Logger, Registry, SecretKey } from '@gatehouse/process';
import type { InvalidationBus, RedisStore } from '@gatehouse/redis';
import type { Encoded } from '@gatehouse/rpc';
import { logChanges } from './change-log.ts';
import type { GrantsCache } from './grants-cache.ts';
import { MODEL_ID, type ModelRevisions } from './model-revisions.ts';
import { recentChanges } from './recent-changes.ts';

/** What a transaction changed, and what its caller is told. */
export interface Changed<Reply> {
  readonly changed: Invalidation | readonly Invalidation[];
  readonly reply: Reply;
}

/** Writes that caches and watchers must hear of, and the sessions of whoever is concerned. */
export interface Changes {
  /** Runs a write as `Writes.commit` does; what it changed is in the log for watchers as well. */
  commit<Reply>(
    call: Writing,
    request: unknown,
    write: (tx: Transaction) => Promise<Changed<Reply>>,
  ): Promise<Reply | Encoded>;
  /** As `commit`, for what takes no key. */
  run<Reply>(
    call: Pick<Writing, 'signal' | 'actor'>,
    write: (tx: Transaction) => Promise<Changed<Reply>>,
  ): Promise<Reply>;
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
  /** Digest the requests that have an idempotency key. */
  readonly secretKeys: readonly SecretKey[];
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

/** Changes of the model and of grants reach the caches in the same way. */
export function startChanges({ advance, secretKeys, ...options }: ChangesOptions): Changes {
  const { db, logger, registry } = options;
  const invalidations = startRelay(options);
  const writes: Writes = openWrites({ db, schema: 'authz', secretKeys, invalidations, logger, registry });
  const logged =
    <Reply>({ actor }: Pick<Writing, 'actor'>, write: (tx: Transaction) => Promise<Changed<Reply>>) =>
    async (tx: Transaction): Promise<Written<Reply>> => {
      const written = await write(tx);
      const changed = [written.changed].flat();
      logChanges(tx, changed);
      const users = usersOf(changed, actor);
      return { reply: written.reply, changed, after: users.length > 0 ? () => advance(users) : undefined };
    };
  return {
    commit: (call, request, write) => writes.commit(call, request, logged(call, write)),
    run: (call, write) => writes.run(call, logged(call, write)),
    stop: () => writes.stop(),
  };
}

/** The relay of both caches. What is recent is told once more to a Redis that may have lost it. */
function startRelay({ grants, revisions, ...options }: Omit<ChangesOptions, 'advance' | 'secretKeys'>) {
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
  const recent = (windowMs: number) => recentChanges(options.db, windowMs);
  return startInvalidationRelay({ ...options, schema: 'authz', cache, recent });
}

/** Who must not be shown an older state: the user whose grants changed, and the one who changed something. */
function usersOf(changed: readonly Invalidation[], actor: Writing['actor']): string[] {
  const users = new Set(changed.map(({ id }) => id).filter((id) => id !== MODEL_ID));
  if (actor) users.add(actor.userId);
  return [...users];
}
