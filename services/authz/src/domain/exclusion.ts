import { Failure } from '@gatehouse/failure';

/** Two roles that exclude each other, the one with the smaller id first. */
export interface RolePair {
  readonly roleId: string;
  readonly excludedRoleId: string;
}

export interface RoleExclusion extends RolePair {
  readonly reason: string;
  readonly createdAt: Date;
  /** The user who made it; undefined when an operator did. */
  readonly createdBy: string | undefined;
}

/** The two in the order in which a pair is stored. */
export function pairOf(one: string, other: string): RolePair {
  return one < other ? { roleId: one, excludedRoleId: other } : { roleId: other, excludedRoleId: one };
}

export function exclusionExists(): Failure {
  return new Failure('taken', 'EXCLUSION_EXISTS', 'The two roles exclude each other already.');
}

export function exclusionNotFound(): Failure {
  return new Failure('missing', 'EXCLUSION_NOT_FOUND', 'The two roles do not exclude each other.');
}

/** Whoever holds a role holds its ancestors, so that nobody could be given it. */
export function exclusionImpossible(): Failure {
  const sentence = 'A role can not exclude itself or one of its ancestors.';
  return new Failure('precondition', 'EXCLUSION_IMPOSSIBLE', sentence);
}

/** Throws Failure `precondition` EXCLUSION_BREACHED when there are users who hold both. */
export function assertUnbreached(users: number): void {
  if (users === 0) return;
  throw new Failure('precondition', 'EXCLUSION_BREACHED', 'There are users who hold both roles.', {
    metadata: { users: String(users) },
  });
}
