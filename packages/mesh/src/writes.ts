import type { Database, Transaction } from '@gatehouse/postgres';
import type { Logger, Registry, SecretKey } from '@gatehouse/process';
import type { Call, Encoded } from '@gatehouse/rpc';
import { type Asking, idempotencyKeys } from './idempotency-keys.ts';
import { idempotencyStatements } from './idempotency-statements.ts';
import type { Invalidation, InvalidationRelay } from './invalidation-relay.ts';
import { requestDigests } from './request-digests.ts';
import { startSweepingIdempotencyKeys } from './sweep-idempotency-keys.ts';

/** Who asks for a change, and for how long it waits. */
export type Writing = Pick<Call, 'signal' | 'peer' | 'actor' | 'idempotency'>;

/** What a transaction did. */
export interface Written<Reply> {
  /** What the caller is told. Where the call has a key this is the response of the RPC. */
  readonly reply: Reply;
  /** Cached records that it made untrue. */
  readonly changed?: readonly Invalidation[] | undefined;
  /**
   * Does what else follows the commit, while the caches are told. When it rejects, that is the answer to the call: for a change
   * that could be made and was then undone.
   */
  readonly after?: (() => Promise<unknown>) | undefined;
  /** It was one step of several: the reply is not the answer to the call yet. */
  readonly isStep?: boolean | undefined;
}

/** The one way in which a service changes what it stores. */
export interface Writes {
  /**
   * Runs a write in a transaction that also notes what caches must hear of, and once it is committed has them told and does
   * what else follows, whether or not the caller still waits. Resolves to the reply when that was done (by this instance or
   * another, or the bound is over). A request that was carried out before under the idempotency key of the call is not carried
   * out again: its reply then is the earlier one, encoded, without the secrets that it had. Throws Failure `conflict` IDEMPOTENCY_KEY_REUSED.
   */
  commit<Reply>(
    call: Writing,
    request: unknown,
    write: (tx: Transaction) => Promise<Written<Reply>>,
  ): Promise<Reply | Encoded>;
  /**
   * Does work that leads to a `commit` of the same call, unless it was carried out before under its key: for what has more to do
   * than its transaction, and could not do that twice.
   */
  once<Reply>(call: Writing, request: unknown, work: () => Promise<Reply | Encoded>): Promise<Reply | Encoded>;
  /** As `commit`, for what takes no key. */
  run<Reply>(
    call: Pick<Writing, 'signal'>,
    write: (tx: Transaction) => Promise<Omit<Written<Reply>, 'isStep'>>,
  ): Promise<Reply>;
  /** Resolves when what was committed has been followed; nothing is told by this instance any more. */
  stop(): Promise<void>;
}

export interface WritesOptions {
  readonly db: Database;
  /** Schema that holds the service's `idempotency_keys`. */
  readonly schema: string;
  /** Digest the requests that have a key; the first one digests new ones. */
  readonly secretKeys: readonly SecretKey[];
  /** Tells the caches, where the service has any. It is stopped with the writes. */
  readonly invalidations?: InvalidationRelay | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** Opens the way, and begins to remove keys that nobody will repeat any more. */
export function openWrites({ db, schema, secretKeys, invalidations, logger, registry }: WritesOptions): Writes {
  const statements = idempotencyStatements(schema);
  const keys = idempotencyKeys(statements, requestDigests(schema, secretKeys));
  const sweep = startSweepingIdempotencyKeys({ db, schema, statements, logger, registry });
  /** What follows commits, and is not done yet. */
  const following = new Set<Promise<void>>();

  const stage = (tx: Transaction, changed: readonly Invalidation[]) => {
    if (changed.length === 0) return;
    if (!invalidations) throw new Error(`${schema} has no caches that could be told of a change.`);
    invalidations.stage(tx, changed);
  };
  const follow = async <Reply>({ changed = [], after }: Written<Reply>, asking: Asking | undefined): Promise<void> => {
    const told = changed.length > 0 && invalidations?.settle(changed);
    const [outcome] = await Promise.allSettled([after?.(), told]);
    if (outcome.status === 'fulfilled') return;
    if (asking)
      await db.transaction(async (tx) => keys.release(tx, asking)).catch(complain('a key was not given back'));
    throw outcome.reason;
  };
  const complain = (message: string) => (error: unknown) => logger.warn({ err: error }, message);

  /** Resolves to what `write` did once that is committed and followed. */
  const carryOut = async <Reply>(
    { signal }: Pick<Writing, 'signal'>,
    asking: Asking | undefined,
    write: (tx: Transaction) => Promise<Written<Reply>>,
  ): Promise<Reply | Encoded> => {
    let followed: Promise<void> | undefined;
    const reply = await db.within({ signal }).transaction(async (tx) => {
      const earlier = asking && (await keys.claim(tx, asking));
      if (earlier) return earlier;
      const written = await write(tx);
      stage(tx, written.changed ?? []);
      if (asking && written.isStep) keys.release(tx, asking);
      else if (asking) keys.storeResponse(tx, asking, written.reply);
      tx.afterCommit(() => {
        const done = follow(written, asking);
        followed = done;
        // The caller may have left: then nobody else hears of it.
        const noted = done.catch(complain('what was to follow a commit failed')).finally(() => following.delete(noted));
        following.add(noted);
      });
      return written.reply;
    });
    await followed;
    return reply;
  };

  return {
    commit: (call, request, write) => carryOut(call, askingOf(call, request), write),
    async once(call, request, work) {
      const asking = askingOf(call, request);
      if (!asking) return work();
      const find = () => keys.find(db.within(call), asking);
      const earlier = await find();
      if (earlier) return earlier;
      try {
        return await work();
      } catch (error) {
        // The same call may have been carried out meanwhile, by whoever asked for it first.
        const made = await find().catch(() => undefined);
        if (made) return made;
        throw error;
      }
    },
    async run(call, write) {
      const reply = await carryOut(call, undefined, write);
      if (Buffer.isBuffer(reply)) throw new Error('There was an earlier reply without a key to it.');
      return reply;
    },
    async stop() {
      await Promise.all([sweep.stop(), invalidations?.stop()]);
      await Promise.all(following);
    },
  };
}

function askingOf({ peer, actor, idempotency }: Writing, request: unknown): Asking | undefined {
  return idempotency && { peer, actor, idempotency, request };
}
