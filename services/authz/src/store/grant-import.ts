import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import type { StoredGrant } from '../domain/grant.ts';
import { type GrantTerms, grantKey, type Standings, type WantedGrant } from '../domain/grant-import.ts';
import { findNowMs } from './database-clock.ts';

const NOT_ENDED = '(g.valid_until is null or g.valid_until > statement_timestamp())';
const FIND_ROLES = statement<{ id: string; name: string }>(
  'authz.find-roles-by-name',
  'select id, name from authz.roles where name = any($1::text[])',
);
const FIND_ROLE_NAMES = statement<{ id: string; name: string }>(
  'authz.find-role-names',
  'select id, name from authz.roles where id = any($1::uuid[])',
);
const FIND_STANDINGS = statement<{ user_id: string; grants: number; role_ids: string[] }>(
  'authz.find-standings',
  `select g.user_id, count(*)::integer as grants, array_agg(distinct g.role_id) as role_ids from authz.role_grants g
   where g.user_id = any($1::uuid[]) and ${NOT_ENDED} group by g.user_id`,
);
const FIND_SAME = statement<{
  user_id: string;
  role_id: string;
  scope: string;
  valid_from: Date | null;
  valid_until: Date | null;
  condition: string;
}>(
  'authz.find-same-grants',
  `select g.user_id, g.role_id, g.scope, g.valid_from, g.valid_until, g.condition
   from unnest($1::uuid[], $2::uuid[], $3::text[]) w (user_id, role_id, scope)
   join authz.role_grants g on g.user_id = w.user_id and g.role_id = w.role_id and g.scope = w.scope
   where ${NOT_ENDED}`,
);
const DELETE_ENDED = statement(
  'authz.delete-ended-role-grants',
  `delete from authz.role_grants g using unnest($1::uuid[], $2::uuid[], $3::text[]) w (user_id, role_id, scope)
   where g.user_id = w.user_id and g.role_id = w.role_id and g.scope = w.scope and g.valid_until <= statement_timestamp()`,
);
const INSERT = statement(
  'authz.insert-role-grants',
  `insert into authz.role_grants (user_id, id, role_id, scope, reason, valid_from, valid_until, condition, status,
     granted_at, granted_by)
   select g.*, $10::timestamptz, $11::uuid
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
     $8::text[], $9::text[]) g`,
);

/** The ids of roles by their names; a name that no role has is not in it. */
export async function findRoleIds(db: Queryable, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  return new Map((await db.query(FIND_ROLES, [names])).map(({ id, name }) => [name, id]));
}

/** The names of roles by their ids. */
export async function findRoleNames(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return new Map((await db.query(FIND_ROLE_NAMES, [ids])).map(({ id, name }) => [id, name]));
}

/** Those of the wanted grants that users have already, by `grantKey`, and on what terms. */
export async function findSame(
  db: Queryable,
  wanted: readonly WantedGrant[],
): Promise<ReadonlyMap<string, GrantTerms>> {
  const rows = await db.query(FIND_SAME, keyColumns(wanted));
  return new Map(
    rows.map((row) => [
      grantKey(row.user_id, row.role_id, row.scope),
      {
        validFrom: row.valid_from ?? undefined,
        validUntil: row.valid_until ?? undefined,
        condition: row.condition,
      },
    ]),
  );
}

/** What the users of the wanted grants have, and the database's time. */
export async function findStandings(tx: Transaction, wanted: readonly WantedGrant[]): Promise<Standings> {
  const rows = await tx.query(FIND_STANDINGS, [[...new Set(wanted.map(({ userId }) => userId))]]);
  return {
    grants: new Map(rows.map(({ user_id: userId, grants }) => [userId, grants])),
    roleIds: new Map(rows.map(({ user_id: userId, role_ids: roleIds }) => [userId, roleIds])),
    same: await findSame(tx, wanted),
    nowMs: await findNowMs(tx),
  };
}

/** Stores grants, each in place of one of the same role and scope that has ended. Their roles are locked. */
export async function insertGrants(tx: Transaction, grants: readonly StoredGrant[]): Promise<void> {
  const [first] = grants;
  if (!first) return;
  await tx.query(DELETE_ENDED, keyColumns(grants));
  await tx.query(INSERT, [
    grants.map(({ userId }) => userId),
    grants.map(({ id }) => id),
    grants.map(({ roleId }) => roleId),
    grants.map(({ scope }) => scope),
    grants.map(({ reason }) => reason),
    grants.map(({ validFrom }) => validFrom ?? null),
    grants.map(({ validUntil }) => validUntil ?? null),
    grants.map(({ condition }) => condition),
    grants.map(({ status }) => status),
    first.grantedAt,
    first.grantedBy ?? null,
  ]);
}

function keyColumns(
  grants: readonly { readonly userId: string; readonly roleId: string | undefined; readonly scope: string }[],
): [string[], (string | null)[], string[]] {
  return [
    grants.map(({ userId }) => userId),
    grants.map(({ roleId }) => roleId ?? null),
    grants.map(({ scope }) => scope),
  ];
}
