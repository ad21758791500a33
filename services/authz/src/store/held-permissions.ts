import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import { type Effect, type Held, heldAs, isSameHold } from '../domain/role-update.ts';
import { insertRolePermissions } from './role-permissions.ts';

const FIND = statement<{ name: string; effect: Effect; condition: string }>(
  'authz.find-held-permissions',
  `select p.name, rp.effect, rp.condition from authz.role_permissions rp join authz.permissions p on p.id = rp.permission_id
   where rp.role_id = $1::uuid order by p.name`,
);
const DELETE = statement(
  'authz.delete-held-permissions',
  `delete from authz.role_permissions rp using authz.permissions p
   where p.id = rp.permission_id and rp.role_id = $1::uuid and p.name = any($2::text[])`,
);

/** What a role itself holds and denies. */
export async function findHeld(db: Queryable, roleId: string): Promise<Held> {
  const rows = await db.query(FIND, [roleId]);
  return new Map(rows.map(({ name, effect, condition }) => [name, heldAs(effect, condition)]));
}

/** A change of what a role holds and denies; `ids` are those of the permissions in it. */
export interface HeldStep {
  readonly before: Held;
  readonly after: Held;
  readonly ids: ReadonlyMap<string, string>;
  readonly at: Date;
  readonly by: string | undefined;
}

/** Stores what a role holds and denies after a change, and touches nothing else. */
export async function storeHeld(
  tx: Transaction,
  roleId: string,
  { before, after, ids, at, by }: HeldStep,
): Promise<void> {
  const gone = [...before.keys()].filter((name) => !isSameHold(after.get(name), before.get(name)));
  if (gone.length > 0) await tx.query(DELETE, [roleId, gone]);
  const added = [...after].flatMap(([name, held]) => {
    const permissionId = ids.get(name);
    return permissionId && !isSameHold(before.get(name), held) ? [{ id: uuidv7(), permissionId, ...held }] : [];
  });
  if (added.length > 0) await insertRolePermissions(tx, { id: roleId, createdAt: at, createdBy: by }, added);
}
