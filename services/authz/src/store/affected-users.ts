import type { Grant } from '@gatehouse/client/policy';
import { Failure } from '@gatehouse/failure';
import { type Queryable, statement } from '@gatehouse/postgres';
import { GRANT_COLUMNS, type GrantColumns, toGrants } from './grant-columns.ts';

interface AffectedRow extends GrantColumns {
  model_revision: bigint;
  now_ms: number;
  /** null: there is none. */
  user_id: string | null;
  /** Where the reading of grants ended before the users did; null: it did not. */
  scan_next: string | null;
}

const IN_FORCE = `g.status = 'active' and (g.valid_until is null or g.valid_until > statement_timestamp())`;
/** What both statements answer with: one snapshot of the users of a page, their grants, and the model's revision. */
const ANSWER = (scanNext: string) => `select m.revision as model_revision,
     floor(extract(epoch from statement_timestamp()) * 1000)::float8 as now_ms, c.user_id, ${scanNext} as scan_next,
     ${GRANT_COLUMNS}
   from authz.model_revision m left join candidates c on true
   left join authz.role_grants g on g.user_id = c.user_id and ${IN_FORCE}
   group by m.revision, c.user_id order by c.user_id`;

// The users of each role are read in their order and no further than the page goes.
const FIND_OF_FEW = statement<AffectedRow>(
  'authz.find-users-of-roles',
  `with candidates as (
     select found.user_id from (
       select f.user_id from unnest($1::uuid[]) r (role_id) cross join lateral (
         select distinct g.user_id from authz.role_grants g
         where g.role_id = r.role_id and g.user_id >= $3::uuid and ${IN_FORCE}
         order by g.user_id limit $4::integer) f
       union
       select u.user_id from unnest($2::uuid[]) u (user_id) where u.user_id >= $3::uuid
     ) found order by found.user_id limit $4::integer)
   ${ANSWER('null::uuid')}`,
);
// For so many roles it is less work to look at all grants, a bounded number at a time.
const FIND_OF_MANY = statement<AffectedRow>(
  'authz.find-users-of-many-roles',
  `with scanned as materialized (
     select g.user_id, g.role_id from authz.role_grants g where g.user_id >= $3::uuid and ${IN_FORCE}
     order by g.user_id, g.id limit $5::integer),
   edge as (
     select case when (select count(*) from scanned) = $5::integer
       then (select s.user_id from scanned s order by s.user_id desc limit 1) end as next),
   candidates as (
     select found.user_id from (
       select s.user_id from scanned s where s.role_id = any($1::uuid[])
       union
       select u.user_id from unnest($2::uuid[]) u (user_id) where u.user_id >= $3::uuid
     ) found cross join edge e where e.next is null or found.user_id < e.next
     order by found.user_id limit $4::integer)
   ${ANSWER('(select e.next from edge e)')}`,
);
/** From this number of roles on all grants are looked at. */
const MANY_ROLES = 200;
/** Grants that are looked at at a time: more than one user can have. */
const SCAN_ROWS = 20_000;

/** A user whom a change may concern, with the grants that are active and have not ended. */
export interface AffectedUser {
  readonly userId: string;
  readonly grants: readonly Grant[];
}

export interface AffectedPage {
  readonly users: readonly AffectedUser[];
  readonly nowMs: number;
  /** The user with whom the next page begins; undefined: this was the last. */
  readonly next: string | undefined;
}

/** Whom to look for. */
export interface Affected {
  readonly roleIds: readonly string[];
  /** Users who are looked at whatever they have. */
  readonly userIds: readonly string[];
  /** Revision of the model that the roles are of. */
  readonly revision: bigint;
}

/**
 * Users who have one of the roles, and the others, from a user on, at most `limit`. Throws Failure `conflict` MODEL_CHANGING
 * when the model is another one.
 */
export async function findAffected(
  db: Queryable,
  { roleIds, userIds, revision }: Affected,
  from: string,
  limit: number,
): Promise<AffectedPage> {
  const values = [roleIds, userIds, from, limit + 1];
  const rows =
    roleIds.length < MANY_ROLES
      ? await db.query(FIND_OF_FEW, values)
      : await db.query(FIND_OF_MANY, [...values, SCAN_ROWS]);
  if (rows[0]?.model_revision !== revision) throw modelChanging();
  const users = rows
    .slice(0, limit)
    .flatMap((row) => (row.user_id === null ? [] : [{ userId: row.user_id, grants: toGrants(row) }]));
  const next = rows[limit]?.user_id ?? rows[0]?.scan_next ?? undefined;
  return { users, nowMs: rows[0]?.now_ms ?? 0, next };
}

/** The model is not the one that was looked at before. */
export function modelChanging(): Failure {
  return new Failure('conflict', 'MODEL_CHANGING', 'The model has changed since the list began.');
}
