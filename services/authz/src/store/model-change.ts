import type { Transaction } from '@gatehouse/postgres';
import { formatToken } from '../domain/consistency.ts';
import { assertRevision } from '../domain/revision.ts';
import { type Changes, modelChanged } from './changes.ts';
import type { Stamp } from './grants-change.ts';
import { bumpModelRevision } from './model.ts';

/** What a change of the model is based on. */
export interface ModelChange {
  /** Absent: on whatever is there. */
  readonly mustMatchRevision?: bigint | undefined;
}

/**
 * Changes the model in one transaction, after all earlier changes of it, and returns what `write` made with the new
 * revision. Throws Failure `conflict` REVISION_MISMATCH.
 */
export async function changeModel<Made extends object>(
  changes: Changes,
  call: { readonly signal: AbortSignal },
  { mustMatchRevision }: ModelChange,
  write: (tx: Transaction) => Promise<Made>,
): Promise<Made & Stamp> {
  const { reply } = await changes.commit(call, async (tx) => {
    const revision = await bumpModelRevision(tx);
    assertRevision(mustMatchRevision, revision - 1n);
    const made = await write(tx);
    const consistencyToken = formatToken({ modelRevision: revision });
    return { reply: { ...made, revision, consistencyToken }, changed: modelChanged(revision) };
  });
  return reply;
}
