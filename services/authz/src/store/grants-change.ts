import type { Writing } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import type { Encoded } from '@gatehouse/rpc';
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
 * new revision, or the encoded reply that the request had before. Throws Failure `conflict` REVISION_MISMATCH,
 * IDEMPOTENCY_KEY_REUSED.
 */
export async function changeGrants<Made extends object>(
  changes: Changes,
  call: Writing,
  request: GrantsChange,
  write: (tx: Transaction) => Promise<Made>,
): Promise<(Made & Stamp) | Encoded> {
  return changes.commit(call, request, async (tx) => {
    const { userId, mustMatchRevision } = request;
    const begun = Promise.all([bumpRevision(tx, userId), findModelRevision(tx)]);
    // Sent with them; what comes of it counts only if the revision is the one that the change is based on.
    const writing = write(tx);
    writing.catch(() => {});
    const [revision, modelRevision] = await begun;
    assertRevision(mustMatchRevision, revision - 1n);
    const made = await writing;
    const consistencyToken = formatToken({ modelRevision, user: { id: userId, revision } });
    return { reply: { ...made, revision, consistencyToken }, changed: grantsChanged(userId, revision) };
  });
}
