import type { EventSource } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import type { KeyRing } from '../domain/key-ring.ts';
import { ALGORITHM, newKeyPair, type SigningKey } from '../domain/signing-key.ts';
import { type KeyPlan, keysToDestroy, keysToRemove } from '../domain/signing-key-plan.ts';
import type { KeyChange } from './known-keys.ts';
import { deleteSigningKeys, insertSigningKey, updateSigningKey } from './signing-keys.ts';

/** What a plan was made for. */
export interface PlannedChange {
  /** The keys that the plan was made of, read under the lock. */
  readonly keys: readonly SigningKey[];
  readonly plan: KeyPlan;
  readonly at: Date;
  readonly source: EventSource;
}

/** What a change needs besides a transaction. */
export interface KeyChangeTools {
  readonly keyRing: KeyRing;
  readonly events: {
    signingKeyCreated(tx: Transaction, source: EventSource, key: SigningKey): Promise<void>;
    signingKeyRotated(tx: Transaction, source: EventSource, key: SigningKey, successorKid?: string): Promise<void>;
    signingKeyRevoked(tx: Transaction, source: EventSource, key: SigningKey): Promise<void>;
  };
}

/** The keys as they are after a change, newest first, and what `announce` has to be told after the commit. */
export interface ChangedKeys {
  readonly keys: readonly SigningKey[];
  readonly change: KeyChange;
}

/** Does what a plan says, in a transaction that holds the lock of the keys; the audit events commit with it. */
export async function carryOut(
  tx: Transaction,
  { events, keyRing }: KeyChangeTools,
  { keys, plan, at, source }: PlannedChange,
): Promise<ChangedKeys> {
  const before = new Map(keys.map((key) => [key.kid, key]));
  const created = plan.newKeyActivatesAt && newSigningKey(keyRing, at, plan.newKeyActivatesAt);
  if (created) {
    await insertSigningKey(tx, created);
    await events.signingKeyCreated(tx, source, created);
  }
  const revoked: string[] = [];
  for (const key of plan.changed) {
    await updateSigningKey(tx, key);
    const was = before.get(key.kid);
    if (key.revokedAt && !was?.revokedAt) {
      revoked.push(key.kid);
      await events.signingKeyRevoked(tx, source, key);
    } else if (key.retiresAt && !was?.retiresAt) {
      await events.signingKeyRotated(tx, source, key, created?.kid);
    }
  }
  const changed = new Map(plan.changed.map((key) => [key.kid, key]));
  return {
    keys: [...(created ? [created] : []), ...keys.map((key) => changed.get(key.kid) ?? key)],
    change: { changed: [...(created ? [created.kid] : []), ...changed.keys()], revoked },
  };
}

/** Whether keys wait to be removed, or to have their private half destroyed. */
export function isUntidy(keys: readonly SigningKey[], nowMs: number): boolean {
  return keysToRemove(keys, nowMs).length > 0 || keysToDestroy(keys, nowMs).length > 0;
}

/** Removes keys whose time is over, and the private halves of those that sign no more. */
export async function tidy(tx: Transaction, keys: readonly SigningKey[], nowMs: number): Promise<void> {
  await deleteSigningKeys(
    tx,
    keysToRemove(keys, nowMs).map(({ kid }) => kid),
  );
  for (const key of keysToDestroy(keys, nowMs)) await updateSigningKey(tx, { ...key, sealed: Buffer.alloc(0) });
}

/**
 * Seals private halves with the first key of the ring that were sealed with another, so that the other can leave the
 * configuration. Returns the ids of those that can't be opened.
 */
export async function reseal(tx: Transaction, keyRing: KeyRing, keys: readonly SigningKey[]): Promise<string[]> {
  const unreadable: string[] = [];
  for (const key of keys) {
    const [sealedBy] = key.sealed;
    if (sealedBy === undefined || sealedBy === keyRing.currentId) continue;
    try {
      await updateSigningKey(tx, { ...key, sealed: keyRing.seal(keyRing.open(key.sealed, key.kid), key.kid) });
    } catch {
      unreadable.push(key.kid);
    }
  }
  return unreadable;
}

function newSigningKey(keyRing: KeyRing, createdAt: Date, activatesAt: Date): SigningKey {
  const { kid, publicJwk, privateKey } = newKeyPair();
  return {
    kid,
    algorithm: ALGORITHM,
    publicJwk,
    sealed: keyRing.seal(privateKey.export({ format: 'der', type: 'pkcs8' }), kid),
    createdAt,
    activatesAt,
    retiresAt: undefined,
    expiresAt: undefined,
    revokedAt: undefined,
    revokedReason: undefined,
  };
}
