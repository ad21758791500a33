import type { Clock, Logger } from '@gatehouse/process';
import { type InvalidationBus, type Loaded, type ReadThrough, type RedisStore, readThrough } from '@gatehouse/redis';

/** Names the canaries on the bus. */
const TOPIC = 'canary';
/** How long Redis keeps what is left of a canary of an instance that has stopped. Milliseconds. */
const KEPT_MS = 60_000;

/** What stands for a session. */
interface Canary {
  readonly expiresAtMs: number;
}

/** A session that exists for nobody, whose truth is in this process, and which is cached and revoked as all others are. */
export interface CanarySession {
  /** Makes it good again and puts it into the caches. False when the memory of this instance may not answer now. */
  revive(): Promise<boolean>;
  /** Ends it in the truth. From now on it has to be refused. */
  revoke(): void;
  /** Tells the caches, as the instance would on which it was revoked. Rejects with Failure unavailable when Redis fails. */
  tell(): Promise<void>;
  /** Whether this instance would still accept it, by a bounded validation. */
  isAccepted(signal: AbortSignal): Promise<boolean>;
  /** Calls the listener when the bus brings word of the last revocation. One at a time. */
  onNotice(listener: () => void): void;
  close(): void;
}

export interface CanarySessionOptions {
  /** UUID, of this process alone. */
  readonly id: string;
  readonly redis: RedisStore;
  readonly bus: InvalidationBus;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function canarySession({ id, bus, clock, ...options }: CanarySessionOptions): CanarySession {
  let version = 0n;
  let truth: Loaded<Canary>;
  let notice = () => {};
  const open = (): ReadThrough<Canary> =>
    readThrough<Canary>({
      ...options,
      bus,
      clock,
      topic: TOPIC,
      redisKey: (id) => `gs-canary:{${id}}`,
      encode: ({ expiresAtMs }) => Buffer.from(String(expiresAtMs)),
      decode: (bytes) => ({ expiresAtMs: Number(bytes) }),
      expiresAtMs: ({ expiresAtMs }) => expiresAtMs,
      load: async () => truth,
      l1MaxEntries: 1,
      l2TtlMs: KEPT_MS,
    });
  const measured = open();
  // The one that is measured hears of the end only through Redis and the bus, as it would from another instance.
  const other = open();
  bus.on(TOPIC, (changed, upTo) => {
    if (changed === id && upTo >= version) notice();
  });
  return {
    async revive() {
      version += 1n;
      const value = { expiresAtMs: clock.now().getTime() + KEPT_MS };
      truth = { version, value };
      await measured.fill(await measured.reserve(id, version), version, value);
      return measured.peek(id, version) !== undefined;
    },
    revoke() {
      version += 1n;
      truth = { version, gone: TOPIC };
    },
    tell: () => other.invalidate([{ id, version, gone: TOPIC }]),
    async isAccepted(signal) {
      const found = await measured.get(id, { freshness: 'bounded', signal });
      return found.state === 'found';
    },
    onNotice(listener) {
      notice = listener;
    },
    close() {
      measured.close();
      other.close();
    },
  };
}
