import { type ExclusionPlan, planExclusions } from './plan-exclusions.ts';
import { type PermissionPlan, planPermissions } from './plan-permissions.ts';
import { planRoles, type RolePlan } from './plan-roles.ts';
import type { PolicyChange } from './policy-change.ts';
import type { PolicyDocument } from './policy-document.ts';
import { policyProblems } from './policy-problems.ts';
import { protectedNames } from './protected-names.ts';
import type { StoredPolicy } from './stored-policy.ts';

/** What has to be done so that the model is what a document says. */
export interface PolicyPlan {
  /** The difference: permissions, roles, exclusions, each by name. */
  readonly changes: readonly PolicyChange[];
  readonly permissions: PermissionPlan;
  readonly roles: RolePlan;
  readonly exclusions: ExclusionPlan;
}

/** Who applies a document, when, and how. */
export interface Planning {
  /** Whether what the document does not list is deleted. */
  readonly prune: boolean;
  readonly newId: () => string;
  readonly at: Date;
  /** undefined: an operator. */
  readonly by: string | undefined;
}

/**
 * Compares a document, which has no problems of its own, with the model. Throws Failure `invalid` POLICY_INVALID for what
 * does not go together with the model, `precondition` SYSTEM_ROLE_PROTECTED, and ROLES_EXCLUDED for a role that would come to
 * lie below one that it excludes. Who holds which roles is not looked at.
 */
export function planPolicy(stored: StoredPolicy, document: PolicyDocument, planning: Planning): PolicyPlan {
  const problems = policyProblems();
  const kept = planning.prune ? protectedNames(stored, document) : undefined;
  const permissions = planPermissions(stored, document, planning, kept?.permissions);
  const roles = planRoles({ stored, document, planning, kept: kept?.roles, permissionIds: permissions.ids, problems });
  const exclusions = planExclusions({ stored, document, planning, roles, problems });
  return {
    changes: [...permissions.changes, ...roles.changes, ...exclusions.changes],
    permissions,
    roles,
    exclusions,
  };
}

/** Whether the document asks for anything that is not so already. */
export function isDifferent({ changes }: PolicyPlan): boolean {
  return changes.some(({ kind }) => kind !== 'unlisted');
}
