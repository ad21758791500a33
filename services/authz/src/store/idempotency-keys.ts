import { Failure } from '@gatehouse/failure';
import { statement, type Transaction } from '@gatehouse/postgres';
import type { Call, Idempotency } from '@gatehouse/rpc';

interface EarlierRow {
  request_digest: Buffer;
  response: Buffer;
}

const CLAIM = statement<{ claimed: number }>(
  'authz.claim-idempotency-key',
  `insert into authz.idempotency_keys (peer, actor_id, key, request_digest) values ($1::text, $2::uuid, $3::text, $4::bytea)
   on conflict do nothing returning 1 as claimed`,
);
const FIND = statement<EarlierRow>(
  'authz.find-idempotency-key',
  `select request_digest, response from authz.idempotency_keys
   where peer = $1::text and actor_id = $2::uuid and key = $3::text`,
);
const STORE_RESPONSE = statement(
  'authz.store-idempotent-response',
  `update authz.idempotency_keys set response = $4::bytea
   where peer = $1::text and actor_id = $2::uuid and key = $3::text`,
);
const DELETE_OLD = statement<{ removed: bigint }>(
  'authz.delete-idempotency-keys',
  `with gone as (
     delete from authz.idempotency_keys where ctid = any(array(
       select ctid from authz.idempotency_keys where created_at < now() - make_interval(hours => $1::int)
       order by created_at limit $2::int for update skip locked
     )) returning 1
   ) select count(*) as removed from gone`,
);

const NO_ACTOR = '00000000-0000-0000-0000-000000000000';
/** Between finding a key taken and reading its row the row can go, once at most: then the key is free. */
const CLAIMS_MAX = 2;

/** What says who asks. */
export type Asking = Pick<Call, 'peer' | 'actor'>;

/**
 * Takes the key for this transaction, after any other that has it, and resolves to undefined; or resolves to the encoded
 * answer that was given under it. What is refused takes no key: the transaction takes it back. Throws Failure `conflict`
 * IDEMPOTENCY_KEY_REUSED when it was taken for another request.
 */
export async function claimKey(
  tx: Transaction,
  asking: Asking,
  idempotency: Idempotency,
  request: unknown,
): Promise<Buffer | undefined> {
  const id = idOf(asking, idempotency);
  const digest = idempotency.digest(request);
  for (let claim = 0; claim < CLAIMS_MAX; claim += 1) {
    const [claimed] = await tx.query(CLAIM, [...id, digest]);
    if (claimed) return undefined;
    const [earlier] = await tx.query(FIND, id);
    if (!earlier) continue;
    if (!digest.equals(earlier.request_digest)) throw keyReused();
    return earlier.response;
  }
  throw new Error('An idempotency key can neither be taken nor found.');
}

/** Keeps the answer, with the commit, for whoever asks again. */
export function storeResponse(tx: Transaction, asking: Asking, idempotency: Idempotency, response: unknown): void {
  tx.defer(STORE_RESPONSE, [...idOf(asking, idempotency), idempotency.encode(response)]);
}

/** Removes keys that are older than this, at most `limit` of them, and returns how many. */
export async function deleteOldKeys(tx: Transaction, hours: number, limit: number): Promise<number> {
  const [row] = await tx.query(DELETE_OLD, [hours, limit]);
  return Number(row?.removed ?? 0);
}

function idOf({ peer, actor }: Asking, { key }: Idempotency): [peer: string, actorId: string, key: string] {
  return [peer.name, actor?.userId ?? NO_ACTOR, key];
}

function keyReused(): Failure {
  return new Failure('conflict', 'IDEMPOTENCY_KEY_REUSED', 'The idempotency key was used for another request.', {
    fields: [{ field: 'idempotency-key', description: 'was used for another request' }],
  });
}
