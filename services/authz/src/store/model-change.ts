import type { Transaction } from '@gatehouse/postgres';
import type { Encoded } from '@gatehouse/rpc';
import { formatToken } from '../domain/consistency.ts';
import { assertRevision } from '../domain/revision.ts';
import { type Changes, type Changing, modelChanged } from './changes.ts';
import type { Stamp } from './grants-change.ts';
import { bumpModelRevision } from './model.ts';

/** What a change of the model is based on. */
export interface ModelChange {
  /** Absent: on whatever is there. */
  readonly mustMatchRevision?: bigint | undefined;
}

/**
 * Changes the model in one transaction, after all earlier changes of it, and returns what `write` made with the new
 * revision, or the encoded reply that the request had before. Throws Failure `conflict` REVISION_MISMATCH,
 * IDEMPOTENCY_KEY_REUSED.
 */
export async function changeModel<Made extends object>(
  changes: Changes,
  call: Changing,
  request: ModelChange,
  write: (tx: Transaction) => Promise<Made>,
): Promise<(Made & Stamp) | Encoded> {
  return changes.commit(call, request, async (tx) => {
    const revision = await bumpModelRevision(tx);
    assertRevision(request.mustMatchRevision, revision - 1n);
    const made = await write(tx);
    const consistencyToken = formatToken({ modelRevision: revision });
    return { reply: { ...made, revision, consistencyToken }, changed: modelChanged(revision) };
  });
}
