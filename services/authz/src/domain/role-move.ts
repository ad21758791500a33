import { Failure } from '@gatehouse/failure';
import { LEVEL_MAX, levelBelow, roleTooDeep } from './role.ts';

/** A role in the hierarchy. */
export interface Placed {
  readonly id: string;
  /** Number of ancestors. */
  readonly level: number;
}

/**
 * By how many levels a role and its descendants go down when the role is put below `parent`; undefined: it gets no parent.
 * `subtree` are the role and all of its descendants. Throws Failure `precondition` ROLE_CYCLE and ROLE_TOO_DEEP.
 */
export function levelsDown(role: Placed, subtree: readonly Placed[], parent: Placed | undefined): number {
  if (parent && subtree.some(({ id }) => id === parent.id)) {
    throw new Failure('precondition', 'ROLE_CYCLE', 'A role can not lie below itself or one of its descendants.');
  }
  const down = levelBelow(parent) - role.level;
  if (subtree.some(({ level }) => level + down > LEVEL_MAX)) throw roleTooDeep();
  return down;
}
