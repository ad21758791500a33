import { Failure } from '@gatehouse/failure';
import type { StoredGrant } from './grant.ts';

/** What is to change of a grant; what is undefined stays. */
export interface GrantUpdate {
  /** Both times; one that is undefined in it is none. */
  readonly period: Pick<StoredGrant, 'validFrom' | 'validUntil'> | undefined;
  readonly condition: string | undefined;
  readonly reason: string | undefined;
  readonly statusChange: 'suspend' | 'resume' | undefined;
}

/** Who does something to a grant; no user id: an operator. */
export interface By {
  readonly userId: string | undefined;
  readonly at: Date;
}

/**
 * The grant after the change. One that had to be approved is pending again when its times or condition change: what was
 * approved is not what it would be. Throws Failure `precondition` GRANT_PENDING.
 */
export function update(
  grant: StoredGrant,
  { period, condition, reason, statusChange }: GrantUpdate,
  by: By,
): StoredGrant {
  if (grant.status === 'pending' && statusChange) {
    throw new Failure('precondition', 'GRANT_PENDING', 'The grant waits for approval, and does not count anyway.');
  }
  const changed: StoredGrant = {
    ...grant,
    validFrom: period ? period.validFrom : grant.validFrom,
    validUntil: period ? period.validUntil : grant.validUntil,
    condition: condition ?? grant.condition,
    reason: reason ?? grant.reason,
    status: statusChange ? STATUS_AFTER[statusChange] : grant.status,
    updatedBy: by.userId,
    updatedAt: by.at,
  };
  const isOther =
    changed.condition !== grant.condition ||
    changed.validFrom?.getTime() !== grant.validFrom?.getTime() ||
    changed.validUntil?.getTime() !== grant.validUntil?.getTime();
  if (!isOther || grant.approvedAt === undefined) return changed;
  return { ...changed, status: 'pending', approvedBy: undefined, approvedAt: undefined };
}

/** The grant once it is approved. Throws Failure `precondition` GRANT_NOT_PENDING and `denied` SELF_APPROVAL. */
export function approve(grant: StoredGrant, by: By): StoredGrant {
  if (grant.status !== 'pending') {
    throw new Failure('precondition', 'GRANT_NOT_PENDING', 'The grant does not wait for approval.');
  }
  if (by.userId !== undefined && (by.userId === grant.grantedBy || by.userId === grant.updatedBy)) {
    throw new Failure('denied', 'SELF_APPROVAL', 'Somebody else must approve what one has granted or changed oneself.');
  }
  return { ...grant, status: 'active', approvedBy: by.userId, approvedAt: by.at };
}

const STATUS_AFTER = { suspend: 'suspended', resume: 'active' } as const;
