import { statement } from '@gatehouse/postgres';

interface EarlierRow {
  request_digest: Buffer;
  response: Buffer | null;
}

/** What is asked of a service's table `idempotency_keys`. */
export function idempotencyStatements(schema: string) {
  return {
    claim: statement<{ claimed: number }>(
      `${schema}.claim-idempotency-key`,
      `insert into ${schema}.idempotency_keys (peer, actor_id, key, request_digest)
       values ($1::text, $2::uuid, $3::text, $4::bytea) on conflict do nothing returning 1 as claimed`,
    ),
    find: statement<EarlierRow>(
      `${schema}.find-idempotency-key`,
      `select request_digest, response from ${schema}.idempotency_keys
       where peer = $1::text and actor_id = $2::uuid and key = $3::text`,
    ),
    storeResponse: statement(
      `${schema}.store-idempotent-response`,
      `update ${schema}.idempotency_keys set response = $4::bytea
       where peer = $1::text and actor_id = $2::uuid and key = $3::text`,
    ),
    release: statement(
      `${schema}.release-idempotency-key`,
      `delete from ${schema}.idempotency_keys where peer = $1::text and actor_id = $2::uuid and key = $3::text`,
    ),
    deleteOld: statement<{ removed: bigint }>(
      `${schema}.delete-idempotency-keys`,
      `with gone as (
         delete from ${schema}.idempotency_keys where ctid = any(array(
           select ctid from ${schema}.idempotency_keys where created_at < now() - make_interval(hours => $1::int)
           order by created_at limit $2::int for update skip locked
         )) returning 1
       ) select count(*) as removed from gone`,
    ),
  };
}

export type IdempotencyStatements = ReturnType<typeof idempotencyStatements>;
