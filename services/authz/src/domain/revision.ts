import { Failure } from '@gatehouse/failure';

/**
 * Throws Failure `conflict` REVISION_MISMATCH when a change is based on another revision than the present one; undefined:
 * on whatever is there.
 */
export function assertRevision(mustMatch: bigint | undefined, revision: bigint): void {
  if (mustMatch === undefined || mustMatch === revision) return;
  throw new Failure('conflict', 'REVISION_MISMATCH', 'It was changed since; look at it again.', {
    metadata: { must_match_revision: String(mustMatch), revision: String(revision) },
  });
}
