import { statement, type Transaction } from '@gatehouse/postgres';
import type { RolePlan } from '../domain/plan-roles.ts';
import type { Planning } from '../domain/policy-plan.ts';
import { inChunks } from './in-chunks.ts';

const INSERT = statement(
  'authz.insert-roles',
  `insert into authz.roles (id, name, description, parent_role_id, level, created_at, updated_at, created_by)
   select r.id, r.name, r.description, null, 0, $4::timestamptz, $4::timestamptz, $5::uuid
   from unnest($1::uuid[], $2::text[], $3::text[]) r (id, name, description)`,
);
const DESCRIBE = statement(
  'authz.describe-roles',
  `update authz.roles r set description = n.description, updated_at = $3::timestamptz
   from unnest($1::uuid[], $2::text[]) n (id, description) where r.id = n.id`,
);
// All of them in one statement: the database holds each role exactly one level below its parent.
const PLACE = statement(
  'authz.place-roles',
  `update authz.roles r set parent_role_id = n.parent_role_id, level = n.level, updated_at = $4::timestamptz
   from unnest($1::uuid[], $2::uuid[], $3::integer[]) n (id, parent_role_id, level) where r.id = n.id`,
);
const DELETE_ENDED_GRANTS = statement(
  'authz.delete-grants-of-roles',
  'delete from authz.role_grants where role_id = any($1::uuid[]) and valid_until <= statement_timestamp()',
);
const DELETE_HELD = statement(
  'authz.delete-permissions-of-roles',
  'delete from authz.role_permissions where role_id = any($1::uuid[])',
);
const DELETE = statement('authz.delete-roles', 'delete from authz.roles where id = any($1::uuid[])');

/** Makes roles, describes those that are changed, and has each lie where it is to lie. */
export async function storeRoles(
  tx: Transaction,
  { created, changed, placements }: RolePlan,
  { at, by }: Planning,
): Promise<void> {
  await inChunks(created, (chunk) =>
    tx.query(INSERT, [
      chunk.map(({ role }) => role.id),
      chunk.map(({ role }) => role.name),
      chunk.map(({ role }) => role.description),
      at,
      by ?? null,
    ]),
  );
  await inChunks(changed, (chunk) =>
    tx.query(DESCRIBE, [chunk.map(({ before }) => before.id), chunk.map(({ description }) => description), at]),
  );
  if (placements.length === 0) return;
  await tx.query(PLACE, [
    placements.map(({ id }) => id),
    placements.map(({ parentRoleId }) => parentRoleId ?? null),
    placements.map(({ level }) => level),
    at,
  ]);
}

/** Deletes roles that nobody has, that no exclusion names, and below which only such ones lie. */
export async function deleteRoles(tx: Transaction, { deleted }: RolePlan): Promise<void> {
  const ids = deleted.map(({ id }) => id);
  if (ids.length === 0) return;
  await tx.query(DELETE_ENDED_GRANTS, [ids]);
  await tx.query(DELETE_HELD, [ids]);
  await tx.query(DELETE, [ids]);
}
