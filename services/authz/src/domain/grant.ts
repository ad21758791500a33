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
}

/** What a user has before a grant is added. */
export interface Standing {
  /** How many grants the user has. */
  readonly grants: number;
  /** Whether one of them is of the role in question. */
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
