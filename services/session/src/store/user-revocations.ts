import type { EventSource, InvalidationRelay } from '@gatehouse/mesh';
import type { Database, Transaction } from '@gatehouse/postgres';
import type { Clock } from '@gatehouse/process';
import type { RevokedReason } from '../domain/session.ts';
import type { Presence } from './presence.ts';
import { type RevocationTools, revokeAll } from './revocations.ts';
import { holdGoodSession } from './sessions.ts';
import { findSignedOutUsers, HELD_MAX, holdActiveSessions, holdUser } from './user-sessions.ts';

/** A revocation of the sessions of one user. */
export interface UserRevocation {
  readonly userId: string;
  /** Id of the one that stays; undefined: none. */
  readonly keep?: string;
  readonly reason: RevokedReason;
  readonly source: EventSource;
  /** The end user in whose name it is done, where the call itself does not say so. */
  readonly byUser?: string | undefined;
}

export interface UserRevocationDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly events: RevocationTools['events'];
  readonly invalidations: Pick<InvalidationRelay, 'stage' | 'settle'>;
  readonly presence: Pick<Presence, 'forget'>;
}

/**
 * Ends the active sessions of a user, in steps of at most HELD_MAX that each commit, and returns how many it has ended.
 * Sessions that are made at the same time are ended too, or were made after it. Throws as a refused session token does
 * when the session to keep has ended.
 */
export async function revokeSessionsOf(deps: UserRevocationDeps, revocation: UserRevocation): Promise<number> {
  let count = 0;
  for (;;) {
    const staged = await deps.db.transaction((tx) => revokeStep(tx, deps, revocation));
    await deps.invalidations.settle(staged);
    count += staged.length;
    if (staged.length < HELD_MAX) break;
  }
  if (revocation.keep === undefined) await showSignedOut(deps, [revocation.userId]);
  return count;
}

async function revokeStep(
  tx: Transaction,
  deps: UserRevocationDeps,
  { userId, keep, reason, source, byUser }: UserRevocation,
) {
  await holdUser(tx, userId);
  const at = deps.clock.now();
  // Of two sessions that end each other at once, only one may do so.
  if (keep !== undefined) await holdGoodSession(tx, keep, at);
  const sessions = await holdActiveSessions(tx, { userId, except: keep, at });
  return revokeAll(tx, deps, { sessions, reason, at, source, byUser });
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
