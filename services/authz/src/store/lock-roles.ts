import { statement, type Transaction } from '@gatehouse/postgres';

/** A role of a subtree that was locked. */
export interface LockedRole {
  readonly id: string;
  readonly level: number;
}

// In the order of their ids, as those who grant roles lock them: so nobody waits in a circle. Nobody makes or moves a role
// meanwhile, because whoever changes the model waits for its revision first.
const LOCK = statement<LockedRole>(
  'authz.lock-subtrees',
  `with recursive subtree as (
     select r.id from authz.roles r where r.id = any($1::uuid[])
     union
     select c.id from authz.roles c join subtree s on c.parent_role_id = s.id
   )
   select r.id, r.level from authz.roles r where r.id in (select id from subtree) order by r.id for update`,
);

/**
 * Locks roles and all of their descendants against being granted, until the transaction ends: what is read after it sees
 * every grant of them. The model's revision must have been bumped.
 */
export async function lockSubtrees(tx: Transaction, roleIds: readonly string[]): Promise<readonly LockedRole[]> {
  return tx.query(LOCK, [roleIds]);
}
