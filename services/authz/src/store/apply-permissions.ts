import { statement, type Transaction } from '@gatehouse/postgres';
import type { PermissionPlan } from '../domain/plan-permissions.ts';
import type { Planning } from '../domain/policy-plan.ts';
import { inChunks } from './in-chunks.ts';

const INSERT = statement(
  'authz.insert-permissions',
  `insert into authz.permissions (id, resource, action, description, category, is_dangerous, condition, created_at,
     created_by)
   select p.*, $8::timestamptz, $9::uuid
   from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[]) p`,
);
const UPDATE = statement(
  'authz.update-permissions',
  `update authz.permissions p set description = n.description, category = n.category, is_dangerous = n.is_dangerous,
     condition = n.condition
   from unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::text[])
     n (id, description, category, is_dangerous, condition)
   where p.id = n.id`,
);
const DELETE = statement('authz.delete-permissions', 'delete from authz.permissions where id = any($1::uuid[])');

/** Makes permissions, and changes those that there are. */
export async function storePermissions(
  tx: Transaction,
  { created, changed }: PermissionPlan,
  { at, by }: Planning,
): Promise<void> {
  await inChunks(created, (chunk) =>
    tx.query(INSERT, [
      chunk.map(({ id }) => id),
      chunk.map(({ resource }) => resource),
      chunk.map(({ action }) => action),
      chunk.map(({ description }) => description),
      chunk.map(({ category }) => category),
      chunk.map(({ isDangerous }) => isDangerous),
      chunk.map(({ condition }) => condition),
      at,
      by ?? null,
    ]),
  );
  await inChunks(changed, (chunk) =>
    tx.query(UPDATE, [
      chunk.map(({ after }) => after.id),
      chunk.map(({ after }) => after.description),
      chunk.map(({ after }) => after.category),
      chunk.map(({ after }) => after.isDangerous),
      chunk.map(({ after }) => after.condition),
    ]),
  );
}

/** Deletes permissions that no role holds or denies any longer. */
export async function deletePermissions(tx: Transaction, { deleted }: PermissionPlan): Promise<void> {
  await inChunks(deleted, (chunk) => tx.query(DELETE, [chunk.map(({ id }) => id)]));
}
