import type { Transaction } from '@gatehouse/postgres';
import { formatToken } from '../domain/consistency.ts';
import { assertRevision } from '../domain/revision.ts';
import { type Changes, grantsChanged } from './changes.ts';
import { findModelRevision } from './model.ts';
import { bumpRevision } from './revisions.ts';

/** Whose grants change, and what the change is based on. */
export interface GrantsChange {
  readonly userId: string;
  /** Absent: on whatever is there. */
  readonly mustMatchRevision?: bigint | undefined;
}

/** What every change is answered with. */
export interface Stamp {
  readonly revision: bigint;
  readonly consistencyToken: string;
}

/**
 * Changes a user's grants in one transaction, after all earlier changes of them, and returns what `write` made with the
 * new revision. Throws Failure `conflict` REVISION_MISMATCH.
 */
export async function changeGrants<Made extends object>(
  changes: Changes,
  call: { readonly signal: AbortSignal },
  { userId, mustMatchRevision }: GrantsChange,
  write: (tx: Transaction) => Promise<Made>,
): Promise<Made & Stamp> {
  const { reply } = await changes.commit(call, async (tx) => {
    const revision = await bumpRevision(tx, userId);
    assertRevision(mustMatchRevision, revision - 1n);
    const made = await write(tx);
    const consistencyToken = formatToken({
      modelRevision: await findModelRevision(tx),
      user: { id: userId, revision },
    });
    return { reply: { ...made, revision, consistencyToken }, changed: grantsChanged(userId, revision) };
  });
  return reply;
}
