import { Failure } from '@gatehouse/failure';
import type { Queryable, Transaction } from '@gatehouse/postgres';
import type { Call, Encoded, Idempotency } from '@gatehouse/rpc';
import type { IdempotencyStatements } from './idempotency-statements.ts';
import type { RequestDigests } from './request-digests.ts';

/** Who asks, and for what: a key belongs to a peer and the end user for whom it acts. */
export interface Asking extends Pick<Call, 'peer' | 'actor'> {
  readonly idempotency: Idempotency;
  readonly request: unknown;
}

/**
 * The keys under which calls were carried out, each with a digest of the request and the answer that was given: without the
 * secrets of either.
 */
export interface IdempotencyKeys {
  /** The answer that was given under the key; undefined when there is none. Throws as `claim` does. */
  find(db: Queryable, asking: Asking): Promise<Encoded | undefined>;
  /**
   * Takes the key for this transaction, after any other that has it, and resolves to undefined; or resolves to the answer
   * that was given under it. What is refused takes no key: the transaction takes it back. Throws Failure `conflict`
   * IDEMPOTENCY_KEY_REUSED when it was taken for another request.
   */
  claim(tx: Transaction, asking: Asking): Promise<Encoded | undefined>;
  /** Keeps the answer, with the commit, for whoever asks again. */
  storeResponse(tx: Transaction, asking: Asking, response: unknown): void;
  /** Gives the key back, with the commit. */
  release(tx: Pick<Transaction, 'defer'>, asking: Asking): void;
}

const NO_ACTOR = '00000000-0000-0000-0000-000000000000';
/** Between finding a key taken and reading its row the row can go, once at most: then the key is free. */
const CLAIMS_MAX = 2;

/** Keeps keys in the table that the statements are about. */
export function idempotencyKeys(sql: IdempotencyStatements, digests: RequestDigests): IdempotencyKeys {
  const find = async (db: Queryable, asking: Asking): Promise<Encoded | undefined> => {
    const [earlier] = await db.query(sql.find, idOf(asking));
    if (!earlier?.response) return undefined;
    if (!digests.isOf(earlier.request_digest, asking.idempotency, asking.request)) throw keyReused();
    return earlier.response;
  };
  return {
    find,
    async claim(tx, asking) {
      const digest = digests.of(asking.idempotency, asking.request);
      for (let claim = 0; claim < CLAIMS_MAX; claim += 1) {
        const [claimed] = await tx.query(sql.claim, [...idOf(asking), digest]);
        if (claimed) return undefined;
        const earlier = await find(tx, asking);
        if (earlier) return earlier;
      }
      throw new Error('An idempotency key can neither be taken nor found.');
    },
    storeResponse(tx, asking, response) {
      tx.defer(sql.storeResponse, [...idOf(asking), asking.idempotency.encodeKept(response)]);
    },
    release(tx, asking) {
      tx.defer(sql.release, idOf(asking));
    },
  };
}

function idOf({ peer, actor, idempotency: { key } }: Asking): [peer: string, actorId: string, key: string] {
  return [peer.name, actor?.userId ?? NO_ACTOR, key];
}

function keyReused(): Failure {
  return new Failure('conflict', 'IDEMPOTENCY_KEY_REUSED', 'The idempotency key was used for another request.', {
    fields: [{ field: 'idempotency-key', description: 'was used for another request' }],
  });
}
