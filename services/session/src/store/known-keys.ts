import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '@gatehouse/failure';
import type { Database } from '@gatehouse/postgres';
import type { Logger } from '@gatehouse/process';
import type { InvalidationBus } from '@gatehouse/redis';
import type { SigningKey } from '../domain/signing-key.ts';
import { listSigningKeys } from './signing-keys.ts';

/** What an instance knows of the signing keys. */
export interface KnownKeys {
  /** What was read last; undefined before anything was. */
  readonly latest: readonly SigningKey[] | undefined;
  /**
   * What Postgres said at most the bound of the bus ago, and after every change that this instance has heard of. Throws
   * Failure `unavailable`.
   */
  current(): Promise<readonly SigningKey[]>;
  /** What Postgres says now. */
  reread(): Promise<readonly SigningKey[]>;
  /**
   * To be called after a commit that changed keys and before it is answered: reads them again, and tells all other instances
   * to. When these could not be told that a key is revoked, it waits until they have found it. Never rejects.
   */
  announce(change: KeyChange): Promise<void>;
  stop(): Promise<void>;
}

/** Keys that a commit has changed. */
export interface KeyChange {
  readonly changed: readonly string[];
  /** Those that were revoked: whoever hears it forgets them before they read anything. */
  readonly revoked?: readonly string[];
}

export interface KnownKeysOptions {
  readonly db: Database;
  readonly bus: InvalidationBus;
  readonly logger: Logger;
}

const TOPIC = 'signing-keys';
const CHANGED = 1n;
const REVOKED = 2n;
/** How often the keys are read although nobody told of a change: a message can be lost with the process that sends it. */
const POLL_MS = 1_000;
/** How often a read is repeated because the keys changed meanwhile. */
const READS_MAX = 3;

/** Reads the keys and keeps them true. */
export function keepKeysKnown({ db, bus, logger }: KnownKeysOptions): KnownKeys {
  const stopping = new AbortController();
  const reader = db.within({ signal: stopping.signal });
  let latest: { readonly keys: readonly SigningKey[]; readonly news: number; readonly beganAtMs: number } | undefined;
  /** Counts what was heard: a read that began before the last of it may not show it. */
  let news = 0;
  let reading: { readonly news: number; readonly keys: Promise<readonly SigningKey[]> } | undefined;
  let failing = false;

  const read = async (): Promise<readonly SigningKey[]> => {
    const began = { news, beganAtMs: performance.now() };
    try {
      const keys = await listSigningKeys(reader);
      if (!latest || latest.beganAtMs <= began.beganAtMs) latest = { keys, ...began };
      failing = false;
      return keys;
    } catch (error) {
      if (!failing && !stopping.signal.aborted) logger.warn({ err: error }, 'signing keys could not be read');
      failing = true;
      throw error;
    }
  };
  /** Shares a read that begins after the last news. */
  const catchUp = (): Promise<readonly SigningKey[]> => {
    if (reading?.news === news) return reading.keys;
    const mine = { news, keys: read() };
    reading = mine;
    const done = () => {
      if (reading === mine) reading = undefined;
    };
    mine.keys.then(done, done);
    return mine.keys;
  };
  const isCurrent = () => latest?.news === news && (bus.current || performance.now() - latest.beganAtMs < bus.boundMs);
  const quietly = () => catchUp().catch(() => undefined);

  bus.on(TOPIC, (kid, version) => {
    news += 1;
    if (version === REVOKED && latest) latest = { ...latest, keys: latest.keys.filter((key) => key.kid !== kid) };
    void quietly();
  });
  bus.onReset(() => {
    news += 1;
    void quietly();
  });
  const timer = setInterval(() => void quietly(), POLL_MS);
  void quietly();

  return {
    get latest() {
      return latest?.keys;
    },
    async current() {
      for (let reads = 0; reads < READS_MAX; reads++) {
        if (latest && isCurrent()) return latest.keys;
        await catchUp();
      }
      if (latest && isCurrent()) return latest.keys;
      throw new Failure('unavailable', 'SIGNING_KEYS_UNAVAILABLE', 'The signing keys change too fast to be read.');
    },
    reread: read,
    async announce({ changed, revoked = [] }) {
      news += 1;
      const changes = [
        ...changed.map((id) => ({ id, version: CHANGED })),
        ...revoked.map((id) => ({ id, version: REVOKED })),
      ];
      const told = bus.publish(TOPIC, changes).catch(async (error: unknown) => {
        logger.warn({ err: error }, 'other instances were not told of changed signing keys, and will find them');
        if (revoked.length === 0) return;
        await delay(Math.max(bus.boundMs, POLL_MS), undefined, { signal: stopping.signal }).catch(() => {});
      });
      await Promise.all([quietly(), told]);
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await reading?.keys.catch(() => undefined);
    },
  };
}
