import { problemOf, storedCondition } from '@gatehouse/client/policy';
import { GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { GrantConditionProblem, PortableGrant } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { StoredGrant } from '../domain/grant.ts';
import type { WantedGrant } from '../domain/grant-import.ts';
import { STATUS } from './grant.ts';
import { toScope } from './names.ts';

const STATUS_OF = {
  [GrantStatus.GRANT_STATUS_UNSPECIFIED]: 'active',
  [GrantStatus.GRANT_STATUS_ACTIVE]: 'active',
  [GrantStatus.GRANT_STATUS_SUSPENDED]: 'suspended',
  [GrantStatus.GRANT_STATUS_PENDING]: 'pending',
  // The limits of the field let none pass; and it would count for nothing.
  [GrantStatus.UNRECOGNIZED]: 'suspended',
} as const satisfies Record<GrantStatus, StoredGrant['status']>;

/** The names of roles that grants name. */
export function namedRoles(grants: readonly PortableGrant[]): string[] {
  return [...new Set(grants.flatMap(({ role }) => (role?.$case === 'roleName' ? [role.value] : [])))];
}

/** What a message asks for; `ids` are those of roles by their names. Throws Failure `invalid` FIELD_INVALID. */
export function toWanted(
  { role, status, scope, ...grant }: PortableGrant,
  index: number,
  ids: ReadonlyMap<string, string>,
): WantedGrant {
  const roleId = role?.$case === 'roleName' ? ids.get(role.value) : role?.value;
  return { ...grant, scope: toScope(scope, `grants[${index}].scope`), index, roleId, status: STATUS_OF[status] };
}

/** A grant as ImportGrants takes it. */
export function toPortable(grant: StoredGrant, roleName: string): PortableGrant {
  const { userId, scope, validFrom, validUntil, condition, reason, status } = grant;
  const role = { $case: 'roleName' as const, value: roleName };
  return { userId, role, scope, validFrom, validUntil, condition, reason, status: STATUS[status] };
}

/** The conditions of the grants that this version can't read. */
export function problemsOf(grants: readonly StoredGrant[]): GrantConditionProblem[] {
  return grants.flatMap(({ id: grantId, condition }, index) => {
    const problem = problemOf(storedCondition(condition));
    return problem ? [{ index, grantId, problem }] : [];
  });
}
