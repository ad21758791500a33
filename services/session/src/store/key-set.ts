import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import { type Clock, Gauge, type Registry } from '@gatehouse/process';
import type { Signer } from '../domain/access-token.ts';
import { type JsonWebKeySet, jsonWebKeySet } from '../domain/json-web-key-set.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import {
  activeKey,
  isInKeySet,
  SIGNING_KEY_STATES,
  type SigningKey,
  signingKeyAt,
  stateOf,
} from '../domain/signing-key.ts';
import { type KeyChange, type KnownKeysOptions, keepKeysKnown } from './known-keys.ts';

/** The signing keys, in the memory of this instance. */
export interface SigningKeys {
  /** The key that signs at a time, as far as this instance knows; undefined when it knows none. Made for hot paths. */
  peekSigner(nowMs: number): Signer | undefined;
  /** The key that signs at a time, asked of Postgres if need be. Throws Failure `unavailable` when none can be had. */
  signer(nowMs: number): Promise<Signer>;
  /** Whether this instance knows the key and has not heard that it was revoked. */
  holds(kid: string): boolean;
  /**
   * The public half of a key that is in the key set: as Postgres says, or has said within the bound. Throws Failure
   * `unavailable` when that is not known.
   */
  publicKey(kid: string): Promise<KeyObject | undefined>;
  /** What verifiers are given: as Postgres says, or has said within the bound. Throws Failure `unavailable`. */
  keySet(): Promise<JsonWebKeySet>;
  /** All keys that this instance knows of; undefined before it has read them. */
  readonly known: readonly SigningKey[] | undefined;
  /** As KnownKeys has it. */
  announce(change: KeyChange): Promise<void>;
  stop(): Promise<void>;
}

export interface KeySetOptions extends KnownKeysOptions {
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly registry: Registry;
  /** Makes the first key, where there is none yet. */
  readonly makeFirst: () => Promise<void>;
}

/** Because of a key that is not known the keys are read again, but not more often than this. Milliseconds. */
const UNKNOWN_KEY_REREAD_MS = 1_000;

/** Opens the key set. */
export function openKeySet({ keyRing, clock, registry, makeFirst, ...options }: KeySetOptions): SigningKeys {
  const known = keepKeysKnown(options);
  const publicKeys = halves(({ publicJwk }) => createPublicKey({ key: { ...publicJwk }, format: 'jwk' }));
  const unreadable = new Set<string>();
  const privateKeys = halves(({ kid, sealed }) => {
    try {
      return createPrivateKey({ key: keyRing.open(sealed, kid), format: 'der', type: 'pkcs8' });
    } catch (error) {
      if (!unreadable.has(kid)) options.logger.error({ err: error, kid }, 'the signing key can not be opened');
      unreadable.add(kid);
      throw unavailable('The signing key can not be opened with the secret keys of this instance.');
    }
  });
  let chosen: { readonly from: readonly SigningKey[]; readonly atMs: number; readonly signer: Signer } | undefined;
  let rereadAtMs = Number.NEGATIVE_INFINITY;
  showMetrics(registry, () => known.latest ?? [], clock);

  const peekSigner = (nowMs: number): Signer | undefined => {
    const { latest } = known;
    if (!latest) return undefined;
    // Which key signs follows from the time, but not from the millisecond.
    const atMs = nowMs - (nowMs % 1000);
    if (chosen?.from === latest && chosen.atMs === atMs) return chosen.signer;
    const key = signingKeyAt(latest, nowMs);
    if (!key) return undefined;
    const signer = { kid: key.kid, privateKey: privateKeys.of(key, latest) };
    chosen = { from: latest, atMs, signer };
    return signer;
  };
  /** The keys, with one among them that signs: a key set without any would be kept by verifiers as long as a good one. */
  const complete = async (nowMs: number): Promise<readonly SigningKey[]> => {
    const keys = await known.current();
    if (signingKeyAt(keys, nowMs)) return keys;
    await makeFirst();
    return known.current();
  };
  return {
    peekSigner,
    async signer(nowMs) {
      await complete(nowMs);
      const signer = peekSigner(nowMs);
      if (signer) return signer;
      throw unavailable('There is no key to sign access tokens with yet.');
    },
    holds: (kid) => known.latest?.some((key) => key.kid === kid && !key.revokedAt) ?? false,
    async publicKey(kid) {
      const find = (keys: readonly SigningKey[]) => {
        const key = keys.find((each) => each.kid === kid);
        return key && isInKeySet(key, clock.now().getTime()) ? publicKeys.of(key, keys) : undefined;
      };
      const found = find(await known.current());
      if (found || performance.now() - rereadAtMs < UNKNOWN_KEY_REREAD_MS) return found;
      // Another instance may have made it so lately that the word has not come.
      rereadAtMs = performance.now();
      return find(await known.reread());
    },
    async keySet() {
      const nowMs = clock.now().getTime();
      return jsonWebKeySet(await complete(nowMs), nowMs);
    },
    get known() {
      return known.latest;
    },
    announce: known.announce,
    stop: known.stop,
  };
}

function unavailable(message: string): Failure {
  return new Failure('unavailable', 'SIGNING_KEY_UNAVAILABLE', message);
}

/** Halves of keys, made when they are first needed and forgotten with their keys. */
function halves(make: (key: SigningKey) => KeyObject) {
  const made = new Map<string, KeyObject>();
  return {
    of(key: SigningKey, all: readonly SigningKey[]): KeyObject {
      const before = made.get(key.kid);
      if (before) return before;
      for (const kid of made.keys()) if (!all.some((each) => each.kid === kid)) made.delete(kid);
      const half = make(key);
      made.set(key.kid, half);
      return half;
    },
  };
}

function showMetrics(registry: Registry, keys: () => readonly SigningKey[], clock: Clock): void {
  new Gauge({
    name: 'session_signing_keys',
    help: 'Signing keys that are kept, by state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const nowMs = clock.now().getTime();
      for (const state of SIGNING_KEY_STATES) {
        this.set({ state }, keys().filter((key) => stateOf(key, nowMs) === state).length);
      }
    },
  });
  new Gauge({
    name: 'session_signing_key_age_seconds',
    help: 'For how long the active signing key has signed; no value while there is none.',
    registers: [registry],
    collect() {
      const nowMs = clock.now().getTime();
      const active = activeKey(keys(), nowMs);
      this.reset();
      if (active) this.set((nowMs - active.activatesAt.getTime()) / 1000);
    },
  });
}
