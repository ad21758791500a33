import { Failure } from '@gatehouse/failure';
import { activeKey, isInKeySet, type SigningKey, stateOf, waitingKey } from './signing-key.ts';

/** How long keys live, in all their states. */
export interface KeyTerms {
  /** How long a key signs. */
  readonly signingSeconds: number;
  /** How long verifiers may keep the key set. */
  readonly maxAgeSeconds: number;
  /** Longest life of an access token, whatever the configuration says today. */
  readonly tokenLifetimeMaxSeconds: number;
}

/** What has to change. */
export interface KeyPlan {
  /** Keys as they will be. */
  readonly changed: readonly SigningKey[];
  /** When a new key begins to sign; undefined when none is needed. */
  readonly newKeyActivatesAt: Date | undefined;
}

/** Added to every wait for verifiers: clocks differ, instances hear of a new key a moment later, answers travel. */
const MARGIN_SECONDS = 60;
/** How long a key is kept, for those who look, after it has left the key set. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** Most keys in the key set. Only rotations on demand can come near. */
export const KEYS_IN_SET_MAX = 50;

const NOTHING: KeyPlan = { changed: [], newKeyActivatesAt: undefined };

/** How long a key is published before it signs: until nobody can have a key set without it. Milliseconds. */
export function publicationMs({ maxAgeSeconds }: KeyTerms): number {
  return (maxAgeSeconds + MARGIN_SECONDS) * 1000;
}

/** How long a key stays in the key set after it signed: until its last token has ended. Milliseconds. */
export function tailMs({ tokenLifetimeMaxSeconds, maxAgeSeconds }: KeyTerms): number {
  return (tokenLifetimeMaxSeconds + maxAgeSeconds + MARGIN_SECONDS) * 1000;
}

/** What is due at a time: the first key, a key that takes over when the active one has signed for long enough, or nothing. */
export function planDueRotation(keys: readonly SigningKey[], nowMs: number, terms: KeyTerms): KeyPlan {
  const active = activeKey(keys, nowMs);
  if (!active) return planFirst(keys, nowMs);
  const takeOverMs = active.activatesAt.getTime() + terms.signingSeconds * 1000;
  return nowMs >= takeOverMs - publicationMs(terms) ? planSuccessor(keys, nowMs, terms, takeOverMs) : NOTHING;
}

/**
 * What a rotation on demand does: the same before its time. Nothing while a key waits to sign. Throws Failure `limited`
 * SIGNING_KEYS_LIMIT when the key set is full.
 */
export function planDemandedRotation(keys: readonly SigningKey[], nowMs: number, terms: KeyTerms): KeyPlan {
  if (!activeKey(keys, nowMs)) return planFirst(keys, nowMs);
  const plan = planSuccessor(keys, nowMs, terms, nowMs);
  if (plan.newKeyActivatesAt && keys.filter((key) => isInKeySet(key, nowMs)).length >= KEYS_IN_SET_MAX) {
    throw new Failure('limited', 'SIGNING_KEYS_LIMIT', `The key set holds ${KEYS_IN_SET_MAX} keys already.`);
  }
  return plan;
}

/** What withdrawing a key does, which is not revoked yet: somebody else signs from this moment on. */
export function planRevocation(
  keys: readonly SigningKey[],
  key: SigningKey,
  { nowMs, reason }: { readonly nowMs: number; readonly reason: string },
): KeyPlan {
  const at = new Date(nowMs);
  const others = keys.filter(({ kid }) => kid !== key.kid);
  const revoked: SigningKey = {
    ...key,
    sealed: Buffer.alloc(0),
    retiresAt: key.retiresAt && key.retiresAt < at ? key.retiresAt : at,
    expiresAt: at,
    revokedAt: at,
    revokedReason: reason,
  };
  const active = activeKey(others, nowMs);
  if (!active) {
    const { changed, newKeyActivatesAt } = planFirst(others, nowMs);
    return { changed: [revoked, ...changed], newKeyActivatesAt };
  }
  // The active key was to be relieved by the one that is revoked.
  if (!active.retiresAt || waitingKey(others, nowMs)) return { changed: [revoked], newKeyActivatesAt: undefined };
  return {
    changed: [revoked, { ...active, retiresAt: undefined, expiresAt: undefined }],
    newKeyActivatesAt: undefined,
  };
}

/** Keys whose time is over. */
export function keysToRemove(keys: readonly SigningKey[], nowMs: number): SigningKey[] {
  return keys.filter(({ expiresAt }) => expiresAt && nowMs >= expiresAt.getTime() + KEPT_MS);
}

/** Keys that sign no more and still have their private half. Some time is left to instances whose clocks are late. */
export function keysToDestroy(keys: readonly SigningKey[], nowMs: number): SigningKey[] {
  const isOver = ({ retiresAt }: SigningKey) => retiresAt && nowMs >= retiresAt.getTime() + MARGIN_SECONDS * 1000;
  return keys.filter((key) => key.sealed.length > 0 && stateOf(key, nowMs) === 'retired' && isOver(key));
}

/** Nobody signs: the key that waits does from now on, or else a new one. No verifier can be waited for. */
function planFirst(keys: readonly SigningKey[], nowMs: number): KeyPlan {
  const waiting = waitingKey(keys, nowMs);
  const at = new Date(nowMs);
  if (!waiting) return { changed: [], newKeyActivatesAt: at };
  return { changed: [{ ...waiting, activatesAt: at }], newKeyActivatesAt: undefined };
}

function planSuccessor(keys: readonly SigningKey[], nowMs: number, terms: KeyTerms, takeOverMs: number): KeyPlan {
  const active = activeKey(keys, nowMs);
  if (!active || waitingKey(keys, nowMs)) return NOTHING;
  const activatesAt = new Date(Math.max(takeOverMs, nowMs + publicationMs(terms)));
  const expiresAt = new Date(activatesAt.getTime() + tailMs(terms));
  return { changed: [{ ...active, retiresAt: activatesAt, expiresAt }], newKeyActivatesAt: activatesAt };
}
