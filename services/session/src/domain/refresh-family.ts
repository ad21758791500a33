import type { KeyRing } from './key-ring.ts';
import { makeRefreshToken, type RefreshToken, successorOf } from './refresh-token.ts';
import { sameHash } from './session-token.ts';

/**
 * All refresh tokens of a session, as they are stored: the one that may be used next, and when its predecessor was used.
 *
 * A family rotates at most once in a grace period: its current token, presented while its predecessor may still be
 * retried, is answered with itself. So rotations lie more than a grace period apart, and one time is enough to know of
 * every spent token, however old, whether its grace is over. Were it otherwise, a retry in good time would find two
 * rotations after it when others are quick, and end a session that is in one hand only.
 */
export interface RefreshFamily {
  /** Of the current token. */
  readonly generation: number;
  /** SHA-256 of the current token. */
  readonly tokenHash: Buffer;
  /** When the family began; or, where that is later, when it was last taken up from a token that it did not know yet. */
  readonly issuedAt: Date;
  /** When the predecessor of the current token was used; undefined while there is none. */
  readonly rotatedAt: Date | undefined;
  /** When the family ends at the latest; its session may end before. */
  readonly expiresAt: Date;
}

/** What a token that was presented comes to. */
export type Decision =
  /** Make `family` the state, unless it was changed since it was read; then answer `token`. */
  | { readonly kind: 'swap'; readonly cause: SwapCause; readonly token: string; readonly family: RefreshFamily }
  /** Change nothing and answer `token`: the current one. */
  | { readonly kind: 'repeat'; readonly token: string }
  /** The token is in two hands. */
  | { readonly kind: 'reused' }
  | { readonly kind: 'expired' };

/** The current token was used; or one that is newer than what the store knows of. */
export type SwapCause = 'rotated' | 'caught_up';

export interface Presented {
  readonly token: RefreshToken;
  readonly family: RefreshFamily;
  /** When the call came that presents the token; how long the stores then take must not count against the caller. */
  readonly presentedAt: Date;
  readonly now: Date;
  /** How long after its use a token may be presented again. */
  readonly graceMs: number;
}

/**
 * A retry that came in the last moment of the grace may still be under way, or be served by an instance whose clock is
 * behind: only this much later the family rotates again. A verdict that took longer must not be acted upon.
 */
export const ROTATION_SLACK_MS = 10_000;

/** A family that begins now, and its first token, made by the ring's first key. */
export function beginFamily(
  ring: KeyRing,
  { sessionId, secret, now, lifetimeMs }: { sessionId: string; secret: Buffer; now: Date; lifetimeMs: number },
): { readonly token: string; readonly family: RefreshFamily } {
  const { text, hash } = makeRefreshToken(ring, { keyId: ring.currentId, sessionId, generation: 0, secret });
  const expiresAt = new Date(now.getTime() + lifetimeMs);
  return { token: text, family: { generation: 0, tokenHash: hash, issuedAt: now, rotatedAt: undefined, expiresAt } };
}

/** Decides about a token of the family's session, which is good. */
export function decide(ring: KeyRing, { token, family, presentedAt, now, graceMs }: Presented): Decision {
  if (presentedAt >= family.expiresAt) return { kind: 'expired' };
  const age = family.generation - token.generation;
  // We have issued it, so it is the store that went back: see docs/adr/0015-a-family-is-one-row.md.
  if (age < 0) return swap(ring, token, { ...family, issuedAt: now }, now, 'caught_up');
  const graceEndMs = (family.rotatedAt?.getTime() ?? Number.NEGATIVE_INFINITY) + graceMs;
  if (age === 0) {
    if (!sameHash(token.hash, family.tokenHash)) return { kind: 'reused' };
    const mayRotate = now.getTime() > graceEndMs + ROTATION_SLACK_MS;
    return mayRotate
      ? swap(ring, token, rotatable(family, now), now, 'rotated')
      : { kind: 'repeat', token: token.text };
  }
  // The earlier of the two, because a clock that is set back during a call notes the use of tokens before the call came.
  const isInTime = Math.min(presentedAt.getTime(), now.getTime()) <= graceEndMs;
  const isRetry = isInTime && age <= retryableAge(family);
  const current = isRetry ? descendant(ring, token, age, family.tokenHash) : undefined;
  return current ? { kind: 'repeat', token: current.text } : { kind: 'reused' };
}

/** The successor is made by the ring's first key: this is how a family moves to a new one. */
function swap(ring: KeyRing, token: RefreshToken, family: RefreshFamily, now: Date, cause: SwapCause): Decision {
  const { text, generation, hash } = successorOf(ring, token, ring.currentId);
  return { kind: 'swap', cause, token: text, family: { ...family, generation, tokenHash: hash, rotatedAt: now } };
}

/**
 * The family, about to rotate. Only a catch-up leaves both times alike (retryableAge), so a rotation in the millisecond in
 * which the family began, which takes a clock that was set back, must not.
 */
function rotatable(family: RefreshFamily, now: Date): RefreshFamily {
  const isAlike = family.rotatedAt !== undefined && family.issuedAt.getTime() === now.getTime();
  return isAlike ? { ...family, issuedAt: new Date(now.getTime() - 1) } : family;
}

/**
 * How many generations back a token may be within the grace period. One; and two right after a catch-up, because the token
 * that was caught up with may itself have been current for less than a grace period, and its predecessor be retried.
 */
function retryableAge({ issuedAt, rotatedAt }: RefreshFamily): 1 | 2 {
  return issuedAt.getTime() === rotatedAt?.getTime() ? 2 : 1;
}

/**
 * The descendant of a token with this hash. A rotation was made by whichever key was first at that time, on that
 * instance; the hash that was committed tells which, so the answer stays the same when the ring changes meanwhile.
 */
function descendant(ring: KeyRing, token: RefreshToken, steps: number, hash: Buffer): RefreshToken | undefined {
  for (const keyId of ring.ids) {
    const next = successorOf(ring, token, keyId);
    const found = steps > 1 ? descendant(ring, next, steps - 1, hash) : next;
    if (found && sameHash(found.hash, hash)) return found;
  }
  return undefined;
}
