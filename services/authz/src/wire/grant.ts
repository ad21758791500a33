import { problemOf, storedCondition } from '@gatehouse/client/policy';
import { type RoleGrant as GrantMessage, GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { GrantStatusChange, type UpdateGrantRequest } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import type { StoredGrant } from '../domain/grant.ts';
import type { GrantUpdate } from '../domain/grant-update.ts';

export const STATUS = {
  active: GrantStatus.GRANT_STATUS_ACTIVE,
  suspended: GrantStatus.GRANT_STATUS_SUSPENDED,
  pending: GrantStatus.GRANT_STATUS_PENDING,
} as const satisfies Record<StoredGrant['status'], GrantStatus>;

/** A grant as callers see it. */
export function toGrantMessage(grant: StoredGrant): GrantMessage {
  const { id: grantId, status, grantedBy = '', approvedBy = '', updatedBy = '', ...rest } = grant;
  const conditionProblem = problemOf(storedCondition(grant.condition));
  return { ...rest, grantId, status: STATUS[status], grantedBy, approvedBy, updatedBy, conditionProblem };
}

const STATUS_CHANGE = {
  [GrantStatusChange.GRANT_STATUS_CHANGE_UNSPECIFIED]: undefined,
  [GrantStatusChange.GRANT_STATUS_CHANGE_SUSPEND]: 'suspend',
  [GrantStatusChange.GRANT_STATUS_CHANGE_RESUME]: 'resume',
  [GrantStatusChange.UNRECOGNIZED]: undefined,
} as const;

/** What is to change of a grant. */
export function toGrantUpdate({ period, condition, reason, statusChange }: UpdateGrantRequest): GrantUpdate {
  return { period, condition, reason, statusChange: STATUS_CHANGE[statusChange] };
}
