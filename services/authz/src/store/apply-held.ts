import { statement, type Transaction } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import type { Planning, PolicyPlan } from '../domain/policy-plan.ts';
import { type Held, type HeldAs, isSameHold } from '../domain/role-update.ts';
import { inChunks } from './in-chunks.ts';

const INSERT = statement(
  'authz.insert-held-permissions',
  `insert into authz.role_permissions (id, role_id, permission_id, effect, condition, granted_at, granted_by)
   select held.*, $6::timestamptz, $7::uuid
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[]) held`,
);
const DELETE = statement(
  'authz.delete-held-permissions-of-roles',
  `delete from authz.role_permissions rp using unnest($1::uuid[], $2::text[]) gone (role_id, name), authz.permissions p
   where p.name = gone.name and rp.role_id = gone.role_id and rp.permission_id = p.id`,
);

interface Gone {
  readonly roleId: string;
  readonly name: string;
}

interface Added extends HeldAs {
  readonly roleId: string;
  readonly permissionId: string;
}

/** Gives roles the permissions that they are to hold and deny, takes the others from them, and touches nothing else. */
export async function storeHeldPermissions(
  tx: Transaction,
  { roles, permissions: { ids } }: PolicyPlan,
  { at, by }: Planning,
): Promise<void> {
  const gone: Gone[] = [];
  const added: Added[] = [];
  const change = (roleId: string, before: Held, after: Held) => {
    for (const [name, held] of before) if (!isSameHold(after.get(name), held)) gone.push({ roleId, name });
    for (const [name, held] of after) {
      if (!isSameHold(before.get(name), held)) added.push({ roleId, permissionId: ids.get(name) ?? '', ...held });
    }
  };
  for (const { before, held } of roles.changed) change(before.id, before.held, held);
  for (const { role, held } of roles.created) change(role.id, new Map(), held);
  await inChunks(gone, (chunk) => tx.query(DELETE, [chunk.map(({ roleId }) => roleId), chunk.map(({ name }) => name)]));
  await inChunks(added, (chunk) =>
    tx.query(INSERT, [
      chunk.map(() => uuidv7()),
      chunk.map(({ roleId }) => roleId),
      chunk.map(({ permissionId }) => permissionId),
      chunk.map(({ effect }) => effect),
      chunk.map(({ condition }) => condition),
      at,
      by ?? null,
    ]),
  );
}
