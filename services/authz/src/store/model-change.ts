import type { Writing } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import type { Encoded } from '@gatehouse/rpc';
import { formatToken } from '../domain/consistency.ts';
import { assertRevision } from '../domain/revision.ts';
import { type Changes, modelChanged } from './changes.ts';
import type { Stamp } from './grants-change.ts';
import { bumpModelRevision, findModelRevision } from './model.ts';

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
  call: Writing,
  request: ModelChange,
  write: (tx: Transaction) => Promise<Made>,
): Promise<(Made & Stamp) | Encoded> {
  return changes.commit(call, request, (tx) => writeModel(tx, request, write));
}

/** What a tentative change made, and whether it is to stay. */
export interface Tentative<Made> {
  readonly made: Made;
  readonly keep: boolean;
}

/**
 * Changes the model as `changeModel` does, but undoes it all when what was made is not to stay: the revision is then the
 * present one. It knows no idempotency keys: who tries again says which revision the change is based on. Throws Failure
 * `conflict` REVISION_MISMATCH.
 */
export async function tryModelChange<Made extends object>(
  changes: Changes,
  call: Pick<Writing, 'signal' | 'actor'>,
  change: ModelChange,
  write: (tx: Transaction) => Promise<Tentative<Made>>,
): Promise<Made & Stamp> {
  let undone: (Made & Stamp) | undefined;
  const undo = new Error('The change is not to stay.');
  try {
    return await changes.run(call, (tx) =>
      writeModel(tx, change, async () => {
        const { made, keep } = await write(tx);
        if (keep) return made;
        const revision = (await findModelRevision(tx)) - 1n;
        undone = { ...made, revision, consistencyToken: formatToken({ modelRevision: revision }) };
        throw undo;
      }),
    );
  } catch (error) {
    if (error === undo && undone) return undone;
    throw error;
  }
}

async function writeModel<Made extends object>(
  tx: Transaction,
  { mustMatchRevision }: ModelChange,
  write: (tx: Transaction) => Promise<Made>,
) {
  const revision = await bumpModelRevision(tx);
  assertRevision(mustMatchRevision, revision - 1n);
  const made = await write(tx);
  const consistencyToken = formatToken({ modelRevision: revision });
  return { reply: { ...made, revision, consistencyToken }, changed: modelChanged(revision) };
}
