import type { EventSource, Writes, Writing } from '@gatehouse/mesh';
import type { Database, Transaction } from '@gatehouse/postgres';
import type { Clock } from '@gatehouse/process';
import type { RevokedReason } from '../domain/session.ts';
import type { Presence } from './presence.ts';
import { type RevocationEvents, revokeAll } from './revocations.ts';
import { holdGoodSession } from './sessions.ts';
import { findSignedOutUsers, HELD_MAX, holdActiveSessions, holdUser } from './user-sessions.ts';

/** The call by which sessions end, and what it asks for. */
export interface RevokingCall {
  readonly call: Writing & EventSource;
  readonly request: unknown;
}

/** A revocation of the sessions of one user. */
export interface UserRevocation extends RevokingCall {
  readonly userId: string;
  /** Id of the one that stays; undefined: none. */
  readonly keep?: string;
  readonly reason: RevokedReason;
  /** The end user in whose name it is done, where the call itself does not say so. */
  readonly byUser?: string | undefined;
}

export interface UserRevocationDeps {
  readonly db: Database;
  readonly writes: Pick<Writes, 'commit'>;
  readonly clock: Clock;
  readonly events: RevocationEvents;
  readonly presence: Pick<Presence, 'forget'>;
}

/**
 * Ends the active sessions of a user, in steps of at most HELD_MAX that each commit, and resolves to the reply for how many it
 * has ended, or to the one that the call had before. Sessions that are made at the same time are ended too, or were made after
 * it. Throws as a refused session token does when the session to keep has ended.
 */
export async function revokeSessionsOf<Reply>(
  deps: UserRevocationDeps,
  revocation: UserRevocation,
  replyOf: (count: number) => Reply,
) {
  const { call, request, keep, userId } = revocation;
  let count = 0;
  for (;;) {
    let ended = 0;
    const reply = await deps.writes.commit(call, request, async (tx) => {
      const changed = await revokeStep(tx, deps, revocation);
      ended = changed.length;
      const isStep = ended === HELD_MAX;
      const after = isStep || keep !== undefined ? undefined : () => showSignedOut(deps, [userId]);
      return { reply: replyOf(count + ended), changed, isStep, after };
    });
    count += ended;
    if (ended < HELD_MAX) return reply;
  }
}

async function revokeStep(
  tx: Transaction,
  deps: UserRevocationDeps,
  { userId, keep, reason, call: source, byUser }: UserRevocation,
) {
  await holdUser(tx, userId);
  const at = deps.clock.now();
  // Of two sessions that end each other at once, only one may do so.
  if (keep !== undefined) await holdGoodSession(tx, keep, at);
  const sessions = await holdActiveSessions(tx, { userId, except: keep, at });
  return revokeAll(tx, deps.events, { sessions, reason, at, source, byUser });
}

/**
 * Shows those of the users as offline who have no active session left. To be called after a commit that ended sessions:
 * it changes nothing about these, so what fails here is left to the time after which nobody who is not seen is online.
 */
export async function showSignedOut(
  { db, clock, presence }: Pick<UserRevocationDeps, 'db' | 'clock' | 'presence'>,
  userIds: readonly string[],
): Promise<void> {
  const gone = await findSignedOutUsers(db, userIds, clock.now()).catch(() => []);
  await presence.forget(gone);
}
