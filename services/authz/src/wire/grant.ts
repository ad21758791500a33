import { type RoleGrant as GrantMessage, GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { StoredGrant } from '../domain/grant.ts';

const STATUS = {
  active: GrantStatus.GRANT_STATUS_ACTIVE,
  suspended: GrantStatus.GRANT_STATUS_SUSPENDED,
  pending: GrantStatus.GRANT_STATUS_PENDING,
} as const satisfies Record<StoredGrant['status'], GrantStatus>;

/** A grant as callers see it. */
export function toGrantMessage(grant: StoredGrant): GrantMessage {
  const { id: grantId, status, grantedBy = '', approvedBy = '', ...rest } = grant;
  return { ...rest, grantId, status: STATUS[status], grantedBy, approvedBy };
}
