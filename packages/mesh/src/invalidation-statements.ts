import { statement } from '@gatehouse/postgres';

/** A change of which the caches have not heard yet. */
interface InvalidationRow {
  id: string;
  subject_id: string;
  version: bigint;
  gone: string | null;
}

/** What is asked of a service's table `invalidations`. */
export function invalidationStatements(schema: string) {
  return {
    insert: statement(
      `${schema}.insert-invalidation`,
      `insert into ${schema}.invalidations (id, subject_id, version, gone)
       select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[])`,
    ),
    claim: statement<InvalidationRow>(
      `${schema}.claim-invalidations`,
      `select id, subject_id, version, gone from ${schema}.invalidations order by id limit $1::int for update skip locked`,
    ),
    remove: statement(
      `${schema}.remove-invalidations`,
      `delete from ${schema}.invalidations where id = any($1::uuid[])`,
    ),
    settle: statement(
      `${schema}.settle-invalidations`,
      `delete from ${schema}.invalidations i using unnest($1::uuid[], $2::bigint[]) as told (subject_id, version)
       where i.subject_id = told.subject_id and i.version <= told.version`,
    ),
    count: statement<{ waiting: bigint }>(
      `${schema}.count-invalidations`,
      `select count(*) as waiting from ${schema}.invalidations`,
    ),
  };
}
