import { Failure } from '@gatehouse/failure';
import { statement, type Transaction } from '@gatehouse/postgres';
import { type ExclusionRisk, excludedTogether } from '../domain/plan-exclusions.ts';
import { placed } from '../domain/policy-problems.ts';
import type { HoldingRole } from '../domain/stored-policy.ts';
import { inChunks } from './in-chunks.ts';
import { countUses } from './stored-roles.ts';

// As of one exclusion (role-exclusions.ts), for many: who holds a role of one side and one of the other.
const FIND_BREACH = statement<{ at: number; users: number }>(
  'authz.find-breach-of-exclusions',
  `with recursive below as (
     (select p.at, 0 as side, p.role_id as id
      from unnest($1::uuid[], $2::uuid[]) with ordinality p (role_id, excluded_role_id, at)
      union all
      select p.at, 1, p.excluded_role_id
      from unnest($1::uuid[], $2::uuid[]) with ordinality p (role_id, excluded_role_id, at))
     union all
     select b.at, b.side, c.id from authz.roles c join below b on c.parent_role_id = b.id
   )
   select a.at::integer, count(distinct g.user_id)::integer as users
   from below a
   join authz.role_grants g on g.role_id = a.id and (g.valid_until is null or g.valid_until > statement_timestamp())
   join authz.role_grants o on o.user_id = g.user_id and (o.valid_until is null or o.valid_until > statement_timestamp())
   join below b on b.at = a.at and b.side = 1 and b.id = o.role_id
   where a.side = 0 group by a.at order by a.at limit 1`,
);
const FIND_HELD_ROLES = statement<{ role_id: string }>(
  'authz.find-roles-in-use',
  `select r.role_id from unnest($1::uuid[]) r (role_id)
   where exists (select from authz.role_grants g
     where g.role_id = r.role_id and (g.valid_until is null or g.valid_until > statement_timestamp()))`,
);
/** Exclusions that are looked at by one statement. */
const CHUNK_EXCLUSIONS = 500;

/** Throws Failure `precondition` EXCLUSION_BREACHED or ROLES_EXCLUDED when users hold two roles that exclude each other. */
export async function assertNoBreach(tx: Transaction, risks: readonly ExclusionRisk[]): Promise<void> {
  await inChunks(
    risks,
    async (chunk) => {
      const pairs = [chunk.map((each) => each.exclusion.roleId), chunk.map((each) => each.exclusion.excludedRoleId)];
      const [breach] = await tx.query(FIND_BREACH, pairs);
      const risk = breach && chunk[breach.at - 1];
      if (!risk) return;
      if (risk.reason === 'ROLES_EXCLUDED') throw excludedTogether(risk.exclusion, risk.place);
      const { role, excludedRole } = risk.exclusion;
      throw new Failure('precondition', 'EXCLUSION_BREACHED', `There are users who hold ${role} and ${excludedRole}.`, {
        ...placed(risk.place, 'is of two roles that users hold together'),
        metadata: { role, excluded_role: excludedRole, users: String(breach.users) },
      });
    },
    CHUNK_EXCLUSIONS,
  );
}

/** Throws Failure `precondition` ROLE_IN_USE when users have one of the roles. They are locked against being granted. */
export async function assertNobodyHas(tx: Transaction, roles: readonly HoldingRole[]): Promise<void> {
  if (roles.length === 0) return;
  const inUse = new Set((await tx.query(FIND_HELD_ROLES, [roles.map(({ id }) => id)])).map(({ role_id: id }) => id));
  const role = roles.find(({ id }) => inUse.has(id));
  if (!role) return;
  const { grants } = await countUses(tx, role.id);
  const sentence = `There are users who have the role ${role.name}, which the document does not list.`;
  throw new Failure('precondition', 'ROLE_IN_USE', sentence, {
    metadata: { role: role.name, grants: String(grants), roles: String(inUse.size) },
  });
}
