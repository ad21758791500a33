import type { EventSource } from '@gatehouse/mesh';
import type { RevokedReason } from '../domain/session.ts';
import type { SessionSearch } from '../domain/session-search.ts';
import { revokeAll } from './revocations.ts';
import { holdFoundSessions } from './search-sessions.ts';
import { showSignedOut, type UserRevocationDeps } from './user-revocations.ts';

/** A revocation of what a search finds. */
export interface FoundRevocation {
  readonly search: SessionSearch;
  /** Newer sessions than this one; undefined: from the oldest on. */
  readonly after: string | undefined;
  /** Most sessions to end. */
  readonly max: number;
  readonly reason: RevokedReason;
  readonly source: EventSource;
  /** Asked after every step, with the milliseconds that it took: whether there is time for another. */
  hasTime(stepMs: number): boolean;
}

/** Most sessions that one transaction ends. */
const STEP_MAX = 200;
/** Most steps of one call, each of which looks at a limited number of rows. */
const STEPS_MAX = 100;

/**
 * Ends sessions step by step, oldest first. Returns how many, and where to go on: undefined when every session was looked
 * at. A step that fails undoes nothing of those before it.
 */
export async function revokeFound(
  deps: UserRevocationDeps,
  { search, after, max, reason, source, hasTime }: FoundRevocation,
): Promise<{ readonly count: number; readonly next: string | undefined }> {
  let count = 0;
  let next = after;
  for (let step = 0; step < STEPS_MAX && count < max; step += 1) {
    const startedAtMs = performance.now();
    const limit = Math.min(STEP_MAX, max - count);
    const { found, staged } = await deps.db.transaction(async (tx) => {
      const at = deps.clock.now();
      const found = await holdFoundSessions(tx, { search, after: next, at, limit });
      return { found, staged: await revokeAll(tx, deps, { sessions: found.sessions, reason, at, source }) };
    });
    await deps.invalidations.settle(staged);
    if (staged.length > 0) await showSignedOut(deps, [...new Set(found.sessions.map(({ userId }) => userId))]);
    count += staged.length;
    next = found.next;
    if (next === undefined || !hasTime(performance.now() - startedAtMs)) break;
  }
  return { count, next };
}
