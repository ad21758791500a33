import type { RevokedReason } from '../domain/session.ts';
import type { SessionSearch } from '../domain/session-search.ts';
import { revokeAll } from './revocations.ts';
import { holdFoundSessions } from './search-sessions.ts';
import { type RevokingCall, showSignedOut, type UserRevocationDeps } from './user-revocations.ts';

/** A revocation of what a search finds. */
export interface FoundRevocation extends RevokingCall {
  readonly search: SessionSearch;
  /** Newer sessions than this one; undefined: from the oldest on. */
  readonly after: string | undefined;
  /** Most sessions to end. */
  readonly max: number;
  readonly reason: RevokedReason;
  /** Asked at the end of every step, with the milliseconds that one takes: whether there is time for another. */
  hasTime(stepMs: number): boolean;
}

/** Most sessions that one transaction ends. */
const STEP_MAX = 200;
/** Most steps of one call, each of which looks at a limited number of rows. */
const STEPS_MAX = 100;

/** How many sessions were ended, and where to go on: undefined when every session was looked at. */
export interface FoundRevoked {
  readonly count: number;
  readonly next: string | undefined;
}

/**
 * Ends sessions step by step, oldest first, and resolves to the reply for what it did, or to the one that the call had before.
 * A step that fails undoes nothing of those before it.
 */
export async function revokeFound<Reply>(
  deps: UserRevocationDeps,
  { search, after, max, reason, call, request, hasTime }: FoundRevocation,
  replyOf: (revoked: FoundRevoked) => Reply,
) {
  let done: FoundRevoked = { count: 0, next: after };
  let stepMs = 0;
  for (let step = 1; ; step += 1) {
    const startedAtMs = performance.now();
    const before = done;
    let isStep = false;
    const reply = await deps.writes.commit(call, request, async (tx) => {
      const at = deps.clock.now();
      const limit = Math.min(STEP_MAX, max - before.count);
      const { sessions, next } = await holdFoundSessions(tx, { search, after: before.next, at, limit });
      const changed = await revokeAll(tx, deps.events, { sessions, reason, at, source: call });
      done = { count: before.count + changed.length, next };
      // What comes after the commit is known from the step before.
      const mayGoOn = next !== undefined && done.count < max && step < STEPS_MAX;
      isStep = mayGoOn && hasTime(Math.max(stepMs, performance.now() - startedAtMs));
      const users = [...new Set(sessions.map(({ userId }) => userId))];
      const signOut = changed.length > 0 ? () => showSignedOut(deps, users) : undefined;
      return { reply: replyOf(done), changed, isStep, after: signOut };
    });
    if (!isStep) return reply;
    stepMs = performance.now() - startedAtMs;
  }
}
