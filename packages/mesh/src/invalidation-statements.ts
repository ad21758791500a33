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
    /** Without a lock: who reads them tells another system, and whatever becomes of it meanwhile, others see them too. */
    read: statement<InvalidationRow>(
      `${schema}.read-invalidations`,
      `select id, subject_id, version, gone from ${schema}.invalidations
       where id > $1::uuid order by id limit $2::int`,
    ),
    // Several may have told the same ones: what another is removing at this moment is left to it.
    remove: statement<{ id: string }>(
      `${schema}.remove-invalidations`,
      `with told as materialized (
         select id from ${schema}.invalidations where id = any($1::uuid[]) for update skip locked
       )
       delete from ${schema}.invalidations i using told where i.id = told.id returning i.id`,
    ),
    findWaiting: statement<{ subject_id: string }>(
      `${schema}.find-waiting-invalidations`,
      `select i.subject_id from ${schema}.invalidations i
       join unnest($1::uuid[], $2::bigint[]) as t (subject_id, version)
         on i.subject_id = t.subject_id and i.version <= t.version`,
    ),
    settle: statement(
      `${schema}.settle-invalidations`,
      `with told as materialized (
         select i.id from ${schema}.invalidations i
         join unnest($1::uuid[], $2::bigint[]) as t (subject_id, version)
           on i.subject_id = t.subject_id and i.version <= t.version
         for update of i skip locked
       )
       delete from ${schema}.invalidations i using told where i.id = told.id`,
    ),
  };
}
