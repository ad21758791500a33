import { statement, type Transaction } from '@gatehouse/postgres';
import type { ExclusionPlan, NamedExclusion } from '../domain/plan-exclusions.ts';
import type { Planning } from '../domain/policy-plan.ts';
import { inChunks } from './in-chunks.ts';

const INSERT = statement(
  'authz.insert-role-exclusions',
  `insert into authz.role_exclusions (role_id, excluded_role_id, reason, created_at, created_by)
   select x.*, $4::timestamptz, $5::uuid from unnest($1::uuid[], $2::uuid[], $3::text[]) x`,
);
const UPDATE = statement(
  'authz.update-role-exclusions',
  `update authz.role_exclusions x set reason = n.reason
   from unnest($1::uuid[], $2::uuid[], $3::text[]) n (role_id, excluded_role_id, reason)
   where x.role_id = n.role_id and x.excluded_role_id = n.excluded_role_id`,
);
const DELETE = statement(
  'authz.delete-role-exclusions',
  `delete from authz.role_exclusions x using unnest($1::uuid[], $2::uuid[]) gone (role_id, excluded_role_id)
   where x.role_id = gone.role_id and x.excluded_role_id = gone.excluded_role_id`,
);

/** Makes exclusions, changes the reasons of others, and ends what is to end. */
export async function storeExclusions(
  tx: Transaction,
  { created, changed, deleted }: ExclusionPlan,
  { at, by }: Planning,
): Promise<void> {
  await inChunks(deleted, (chunk) => tx.query(DELETE, pairs(chunk)));
  await inChunks(changed, (chunk) => tx.query(UPDATE, [...pairs(chunk), reasons(chunk)]));
  await inChunks(created, (chunk) => tx.query(INSERT, [...pairs(chunk), reasons(chunk), at, by ?? null]));
}

function pairs(exclusions: readonly NamedExclusion[]): [string[], string[]] {
  return [exclusions.map(({ roleId }) => roleId), exclusions.map(({ excludedRoleId }) => excludedRoleId)];
}

function reasons(exclusions: readonly NamedExclusion[]): string[] {
  return exclusions.map(({ reason }) => reason);
}
