import { AccessTokenError, type PublicKey, publicKeyOf } from '../verify/index.ts';
import type { KeySource } from './key-source.ts';
import type { KeySet } from './open-tokens.ts';

export interface KeyCacheOptions {
  readonly source: KeySource;
  /** How long the last good keys are used while the source does not answer. Milliseconds. */
  readonly keepMs: number;
  /** Milliseconds that only ever grow. */
  readonly nowMs: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Called when a key is no longer in the set. */
  readonly withdrawn: () => void;
  readonly onWarning: (error: Error) => void;
}

/** The public keys of the issuer. */
export interface KeyCache {
  /**
   * The key of that id, undefined when there is none. Rejects with KEYS_UNAVAILABLE when nobody can tell: there are no
   * keys, or none that are young enough, or the source did not answer when it was asked for one that is not known.
   */
  find(kid: string): Promise<PublicKey | undefined>;
  /** Starts to fetch the keys anew if it is time; whoever verifies does not wait for it. */
  refreshIfDue(): void;
  /** Whether the keys may be used at this moment. */
  readonly isUsable: boolean;
}

/** The keys are fetched again after this part of the time for which they may be kept, and something by chance. */
const REFRESH_OF_MAX_AGE = 0.6;
const REFRESH_JITTER = 0.3;
/** What a source says is taken for something between these. */
const MAX_AGE_MS_MIN = 10_000;
const MAX_AGE_MS_MAX = 24 * 60 * 60 * 1000;
/** A source that has failed is left alone for so long, twice as long each time, up to the most. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;
/** Keys that are not in the set make it be fetched once in this time at most, whatever is presented. */
export const UNKNOWN_KEY_INTERVAL_MS = 10_000;
const KEYS_MAX = 100;

interface Kept {
  readonly keys: ReadonlyMap<string, PublicKey>;
  readonly fetchedAtMs: number;
  readonly refreshAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * Keeps the keys of a source. One fetch at a time, for everybody who waits; in the background before the keys are too
 * old, and at once when a token names a key that is not known, though not each time.
 */
export function createKeyCache({ source, keepMs, nowMs, random, withdrawn, onWarning }: KeyCacheOptions): KeyCache {
  let kept: Kept | undefined;
  let fetching: Promise<void> | undefined;
  let retryAtMs = Number.NEGATIVE_INFINITY;
  let retryMs = RETRY_MS;
  let failure: unknown;
  let unknownAskedAtMs = Number.NEGATIVE_INFINITY;

  const isUsable = () => kept !== undefined && nowMs() - kept.fetchedAtMs < keepMs;
  const fetchKeys = async () => {
    const startedAtMs = nowMs();
    try {
      const next = toKept(await source(), startedAtMs, random());
      const lacks = [...(kept?.keys.keys() ?? [])].some((kid) => !next.keys.has(kid));
      kept = next;
      failure = undefined;
      retryMs = RETRY_MS;
      if (lacks) withdrawn();
    } catch (error) {
      failure = error;
      retryAtMs = nowMs() + retryMs;
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      onWarning(new Error('The keys of access tokens could not be fetched.', { cause: error }));
    } finally {
      fetching = undefined;
    }
  };
  const fetchOnce = () => (fetching ??= fetchKeys());
  const mayAsk = () => fetching !== undefined || nowMs() >= retryAtMs;
  const unavailable = () => new AccessTokenError('KEYS_UNAVAILABLE', { cause: failure });

  const cache: KeyCache = {
    get isUsable() {
      return isUsable();
    },
    refreshIfDue() {
      if (kept !== undefined && nowMs() >= kept.refreshAtMs && mayAsk()) void fetchOnce();
    },
    async find(kid) {
      if (mustWait()) await fetchOnce();
      else cache.refreshIfDue();
      if (!isUsable()) throw unavailable();
      const known = kept?.keys.get(kid);
      if (known || !mayAskForUnknown()) return known;
      unknownAskedAtMs = nowMs();
      await fetchOnce();
      if (failure !== undefined) throw unavailable();
      return kept?.keys.get(kid);
    },
  };
  return cache;

  /** Keys that are past their time are used only when the source has failed to give others. */
  function mustWait(): boolean {
    if (!mayAsk()) return false;
    return kept === undefined || !isUsable() || (nowMs() >= kept.expiresAtMs && failure === undefined);
  }

  /** Whoever comes while such a question is under way waits for its answer. */
  function mayAskForUnknown(): boolean {
    if (fetching !== undefined) return true;
    const askedAtMs = Math.max(unknownAskedAtMs, kept?.fetchedAtMs ?? Number.NEGATIVE_INFINITY);
    return nowMs() >= retryAtMs && nowMs() - askedAtMs >= UNKNOWN_KEY_INTERVAL_MS;
  }
}

/** Throws for a set without a key of ours, or with two keys of one id: the keys that are there then stay in use. */
function toKept({ keys, maxAgeSeconds }: KeySet, fetchedAtMs: number, chance: number): Kept {
  if (keys.length > KEYS_MAX) throw new Error('The key set has too many keys.');
  const named = keys.map(publicKeyOf).filter((key) => key !== undefined);
  const byId = new Map(named.map(({ kid, key }) => [kid, key]));
  if (byId.size === 0) throw new Error('The key set has no key for ES256.');
  if (byId.size < named.length) throw new Error('The key set has two keys of one id.');
  const maxAgeMs = Math.min(Math.max(maxAgeSeconds * 1000 || 0, MAX_AGE_MS_MIN), MAX_AGE_MS_MAX);
  const refreshAtMs = fetchedAtMs + maxAgeMs * (REFRESH_OF_MAX_AGE + REFRESH_JITTER * chance);
  return { keys: byId, fetchedAtMs, refreshAtMs, expiresAtMs: fetchedAtMs + maxAgeMs };
}
