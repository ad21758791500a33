import { Failure } from '@gatehouse/failure';

/** A role given to a user. */
export interface RoleGrant {
  readonly id: string;
  readonly userId: string;
  readonly roleId: string;
  readonly grantedAt: Date;
  /** The user who gave it; undefined when an operator did. */
  readonly grantedBy: string | undefined;
  readonly reason: string;
  /** Where it holds: the path of a resource; empty: everywhere. */
  readonly scope: string;
  /** undefined: from when it was granted. */
  readonly validFrom: Date | undefined;
  /** Exclusive; undefined: until it is revoked. */
  readonly validUntil: Date | undefined;
  /** In CEL; empty: none. */
  readonly condition: string;
}

/** Whether a grant counts: `suspended` until it is resumed, `pending` until somebody else has approved it. */
export type GrantStatus = 'active' | 'suspended' | 'pending';

/** A grant as it is stored. */
export interface StoredGrant extends RoleGrant {
  readonly status: GrantStatus;
  /** The user who approved it; undefined when an operator did, or nobody had to. */
  readonly approvedBy: string | undefined;
  readonly approvedAt: Date | undefined;
  /** The user who changed it last; undefined when an operator did, or nobody has. */
  readonly updatedBy: string | undefined;
  readonly updatedAt: Date | undefined;
}

/** What a user has before a grant is added. */
export interface Standing {
  /** How many grants the user has, without those that have ended. */
  readonly grants: number;
  /** The roles of those. */
  readonly roleIds: readonly string[];
  /** Whether one of them is of the role in question, in the same scope. */
  readonly hasRole: boolean;
}

/** Most grants of one user: a check looks at each. */
export const GRANTS_MAX = 1_000;

/** Throws Failure `taken` GRANT_EXISTS or `limited` GRANTS_TOO_MANY when the user can't be given the role. */
export function assertGrantable({ grants, hasRole }: Standing): void {
  if (hasRole) throw new Failure('taken', 'GRANT_EXISTS', 'The user has the role already.');
  if (grants >= GRANTS_MAX) {
    throw new Failure('limited', 'GRANTS_TOO_MANY', `The user has ${GRANTS_MAX} grants, the most that one can have.`);
  }
}

export function roleNotFound(): Failure {
  return new Failure('missing', 'ROLE_NOT_FOUND', 'There is no such role.');
}

export function grantNotFound(): Failure {
  return new Failure('missing', 'GRANT_NOT_FOUND', 'The user does not have the role.');
}

/** Throws Failure `invalid` GRANT_PERIOD_INVALID for a grant that would never be in force after `nowMs`. */
export function assertPeriod(
  { validFrom, validUntil }: Pick<RoleGrant, 'validFrom' | 'validUntil'>,
  nowMs: number,
): void {
  if (validUntil === undefined) return;
  if (validFrom && validFrom >= validUntil) throw periodInvalid('It would end before it begins.');
  if (validUntil.getTime() <= nowMs) throw periodInvalid('It would have ended already.');
}

function periodInvalid(why: string): Failure {
  return new Failure('invalid', 'GRANT_PERIOD_INVALID', why, {
    fields: [{ field: 'valid_until', description: why }],
  });
}

/** The user would hold two roles together that exclude each other. */
export function rolesExcluded(roleId: string, excludedRoleId: string): Failure {
  return new Failure('precondition', 'ROLES_EXCLUDED', 'The user would hold two roles that exclude each other.', {
    metadata: { role_id: roleId, excluded_role_id: excludedRoleId },
  });
}
