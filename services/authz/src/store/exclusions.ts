import { statement, type Transaction } from '@gatehouse/postgres';
import type { RolesAround } from '../domain/grant-import.ts';

// Whoever makes an exclusion or moves a role locks the roles that it is about, and their descendants, against being granted
// (lock-roles.ts); and whoever grants a role holds it against that from here on. So one of the two sees the other. The
// limit and the array have each role found by its key: Postgres would rather read them all, because it expects far longer
// lineages than there are.
const LINEAGE = `with recursive lineage as (
     select r.id, r.parent_role_id from authz.roles r where r.id = any($1::uuid[])
     union
     select p.id, p.parent_role_id from lineage l
     cross join lateral (select id, parent_role_id from authz.roles where id = l.parent_role_id limit 1) p
   )`;
const LOCK_LINEAGES = statement<{ id: string; parent_role_id: string | null }>(
  'authz.lock-lineages',
  `${LINEAGE}
   select r.id, r.parent_role_id from authz.roles r where r.id = any(array(select id from lineage)) order by r.id
   for key share`,
);
const FIND_BREACH = statement<{ role_id: string; excluded_role_id: string }>(
  'authz.find-exclusion-breach',
  `${LINEAGE}
   select role_id, excluded_role_id from authz.role_exclusions
   where role_id = any(array(select id from lineage)) and excluded_role_id = any(array(select id from lineage)) limit 1`,
);

const FIND_AMONG = statement<{ role_id: string; excluded_role_id: string }>(
  'authz.find-exclusions-among',
  `select role_id, excluded_role_id from authz.role_exclusions
   where role_id = any($1::uuid[]) and excluded_role_id = any($1::uuid[])`,
);

/** Two roles that exclude each other. */
export interface Breach {
  readonly roleId: string;
  readonly excludedRoleId: string;
}

/** Two roles among these and their ancestors that exclude each other; all are locked until the transaction ends. */
export async function findBreach(tx: Transaction, roleIds: readonly string[]): Promise<Breach | undefined> {
  for (;;) {
    const [locked, [row]] = await Promise.all([lockLineages(tx, roleIds), tx.query(FIND_BREACH, [roleIds])]);
    if (locked) return row && { roleId: row.role_id, excludedRoleId: row.excluded_role_id };
  }
}

/** The roles, their ancestors, and which of them exclude each other; all are locked until the transaction ends. */
export async function lockRolesAround(tx: Transaction, roleIds: readonly string[]): Promise<RolesAround> {
  let parents = await lockLineages(tx, roleIds);
  while (!parents) parents = await lockLineages(tx, roleIds);
  const excluded = new Map<string, Set<string>>();
  const add = (one: string, other: string) => excluded.set(one, (excluded.get(one) ?? new Set()).add(other));
  for (const { role_id: one, excluded_role_id: other } of await tx.query(FIND_AMONG, [[...parents.keys()]])) {
    add(one, other);
    add(other, one);
  }
  return { parents, excluded };
}

/**
 * Locks the roles and their ancestors, and tells their parents. One that was moved while its lock was waited for has other
 * ancestors than those that were looked for: then the answer is undefined, and they have to be looked for again; what is
 * locked by then moves no more.
 */
async function lockLineages(
  tx: Transaction,
  roleIds: readonly string[],
): Promise<ReadonlyMap<string, string | null> | undefined> {
  const rows = await tx.query(LOCK_LINEAGES, [roleIds]);
  const parents = new Map(rows.map(({ id, parent_role_id: parentId }) => [id, parentId]));
  const areAll = [...parents.values()].every((parentId) => parentId === null || parents.has(parentId));
  return areAll ? parents : undefined;
}
