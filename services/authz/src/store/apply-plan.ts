import type { Transaction } from '@gatehouse/postgres';
import type { Planning, PolicyPlan } from '../domain/policy-plan.ts';
import type { StoredPolicy } from '../domain/stored-policy.ts';
import { storeExclusions } from './apply-exclusions.ts';
import { storeHeldPermissions } from './apply-held.ts';
import { deletePermissions, storePermissions } from './apply-permissions.ts';
import { deleteRoles, storeRoles } from './apply-roles.ts';
import { lockSubtrees } from './lock-roles.ts';
import { assertNoBreach, assertNobodyHas } from './policy-breaches.ts';

/**
 * Makes the model what the plan says; its revision must have been bumped. Throws Failure `precondition` EXCLUSION_BREACHED,
 * ROLES_EXCLUDED and ROLE_IN_USE.
 */
export async function applyPlan(
  tx: Transaction,
  plan: PolicyPlan,
  stored: StoredPolicy,
  planning: Planning,
): Promise<void> {
  // All at once and in one order, as those who grant roles lock them. What is granted meanwhile is seen, or waits.
  const roles = [...rolesToLock(plan, stored)];
  if (roles.length > 0) await lockSubtrees(tx, roles);
  await assertNobodyHas(tx, plan.roles.deleted);
  await storePermissions(tx, plan.permissions, planning);
  await storeRoles(tx, plan.roles, planning);
  await storeHeldPermissions(tx, plan, planning);
  await storeExclusions(tx, plan.exclusions, planning);
  await assertNoBreach(tx, plan.exclusions.risks);
  await deleteRoles(tx, plan.roles);
  await deletePermissions(tx, plan.permissions);
}

/** The roles that must not be granted, with what lies below them, while the plan is made: those of whose users it depends. */
function rolesToLock({ roles, exclusions }: PolicyPlan, stored: StoredPolicy): Set<string> {
  const ids = new Set(roles.deleted.map(({ id }) => id));
  for (const name of roles.moved) ids.add(stored.roles.get(name)?.id ?? '');
  for (const { role, excludedRole } of exclusions.created) {
    for (const name of [role, excludedRole]) {
      const id = stored.roles.get(name)?.id;
      if (id !== undefined) ids.add(id);
    }
  }
  return ids;
}
