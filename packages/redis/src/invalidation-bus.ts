import type { Logger, Registry } from '@gatehouse/process';
import { showBusMetrics } from './bus-metrics.ts';
import { defineScript } from './define-script.ts';
import { type Change, encodeChanges, MESSAGE_CHANGES_MAX, parseMessage } from './message.ts';
import type { RedisStore } from './open-redis.ts';
import { redisCondition } from './redis-failure.ts';
import { followSequence, type ResetCause } from './sequence.ts';
import { keepSubscribed } from './subscription.ts';

const HEARTBEAT_MS = 250;
const BOUND_MS = 1000;
/** With fewer heartbeats in the bound, one that is late would already end `current`. */
export const HEARTBEATS_IN_BOUND_MIN = 3;

/** Tells every instance that shares a Redis which cached things have changed, and knows when it can't. */
export interface InvalidationBus {
  /**
   * Tells all instances, this one included, that these ids of a topic have changed. Resolves when Redis has taken the
   * messages; rejects with Failure unavailable if it may not have.
   */
  publish(topic: string, items: readonly Change[]): Promise<void>;
  /** Calls the listener for each change of a topic, in the order of publication. The listener must not throw. */
  on(topic: string, listener: (id: string, version: bigint) => void): void;
  /** Calls the listener when messages may have been missed: whatever was cached before must be forgotten. */
  onReset(listener: () => void): void;
  /**
   * Calls the listener, after a reset, when Redis has shown that it lost what it had although no connection ended: its
   * sequence went back or began anew, or a replica has taken over. What it holds must not be believed then.
   */
  onLoss(listener: () => void): void;
  /**
   * Whether every message that was published more than `boundMs` ago has been heard. What was cached may be used only
   * while this is true. A cheap getter, made for hot paths.
   */
  readonly current: boolean;
  /**
   * How long ago it was last proven that every message so far had been heard; Infinity without a proof since the
   * subscription began. Milliseconds of a clock that only ever grows.
   */
  readonly stalenessMs: number;
  readonly boundMs: number;
  stop(): Promise<void>;
}

export interface InvalidationBusOptions {
  readonly redis: RedisStore;
  /** Instances with the same channel hear each other. The key `<channel>:sequence` numbers its messages. */
  readonly channel: string;
  /** How often the sequence is asked for; default 250. */
  readonly heartbeatMs?: number;
  /** How old what is cached may be; default 1000, and at least three heartbeats. */
  readonly boundMs?: number;
  readonly logger: Logger;
  readonly registry?: Registry;
  /** Milliseconds that only ever grow; default performance.now. The time of day will not do: it can be set back. */
  readonly clock?: { readonly monotonicMs: () => number };
}

/** Subscribes to the channel and starts the heartbeat. `current` is false until both have answered. */
export function startBus(options: InvalidationBusOptions): InvalidationBus {
  const { redis, channel, heartbeatMs = HEARTBEAT_MS, boundMs = BOUND_MS, logger, registry } = options;
  if (heartbeatMs <= 0 || boundMs < heartbeatMs * HEARTBEATS_IN_BOUND_MIN) {
    throw new RangeError(`The bound of the bus must be at least ${HEARTBEATS_IN_BOUND_MIN} heartbeats.`);
  }
  const nowMs = options.clock?.monotonicMs ?? (() => performance.now());
  const sequenceKey = `${channel}:sequence`;
  const publish = defineScript<string>(redis, 'gatehousePublish', new URL('./scripts/publish.lua', import.meta.url));
  const heartbeat = defineScript<string>(
    redis,
    'gatehouseHeartbeat',
    new URL('./scripts/heartbeat.lua', import.meta.url),
  );
  const topics = new Map<string, ((id: string, version: bigint) => void)[]>();
  const resetListeners: (() => void)[] = [];
  const lossListeners: (() => void)[] = [];
  const metrics = showBusMetrics(registry, channel, {
    current: () => bus.current,
    stalenessMs: () => nowMs() - Math.max(sequence.provenAtMs, startedAtMs),
  });
  const startedAtMs = nowMs();

  let started = false;
  const reset = (cause: ResetCause) => {
    metrics.count(cause);
    if (started) logger.info({ channel, cause }, 'invalidations may have been missed; cached entries are dropped');
    started = true;
    for (const listener of resetListeners) listener();
  };
  const lost = () => {
    logger.warn({ channel }, 'Redis has lost what it had; it is not believed until it was told anew');
    for (const listener of lossListeners) listener();
  };
  const sequence = followSequence({ boundMs, graceMs: heartbeatMs / 2, reset, lost });
  const subscription = keepSubscribed({
    redis,
    channel,
    logger,
    subscribed: () => {
      sequence.subscribed(nowMs());
      beat().catch(report);
    },
    lost: () => sequence.unsubscribed('reconnect'),
    message(text) {
      const message = parseMessage(text);
      if (!message) return reset('malformed');
      sequence.heard(message.number, nowMs());
      const listeners = topics.get(message.topic) ?? [];
      for (const { id, version } of message.changes) for (const listener of listeners) listener(id, version);
    },
  });

  let asking = false;
  const beat = async () => {
    if (sequence.overdue(nowMs())) {
      subscription.renew();
      sequence.unsubscribed('behind');
    }
    if (asking) return;
    asking = true;
    const question = sequence.ask(nowMs());
    try {
      const [number, history = ''] = (await heartbeat([sequenceKey], [])).split(' ');
      sequence.answered(question, { number: Number(number), history }, nowMs());
    } catch (error) {
      // A server that is slow is still the same server; after a lost connection it may be another, with another past.
      if (redisCondition(error) === undefined) throw error;
      if (redisCondition(error) !== 'TIMEOUT') sequence.interrupted();
    } finally {
      asking = false;
    }
  };
  const report = (error: unknown) => logger.error({ channel, err: error }, 'heartbeat of the invalidation bus failed');
  // After a stall of this process messages may wait in the socket, which is read before an immediate runs.
  const timer = setInterval(() => setImmediate(() => void beat().catch(report)), heartbeatMs);

  const bus: InvalidationBus = {
    boundMs,
    get current() {
      return bus.stalenessMs < boundMs;
    },
    get stalenessMs() {
      return nowMs() - sequence.provenAtMs;
    },
    async publish(topic, items) {
      for (let start = 0; start < items.length; start += MESSAGE_CHANGES_MAX) {
        const body = encodeChanges(topic, items.slice(start, start + MESSAGE_CHANGES_MAX));
        await publish([sequenceKey], [channel, body]);
      }
    },
    on(topic, listener) {
      topics.set(topic, [...(topics.get(topic) ?? []), listener]);
    },
    onReset: (listener) => void resetListeners.push(listener),
    onLoss: (listener) => void lossListeners.push(listener),
    async stop() {
      clearInterval(timer);
      subscription.stop();
      sequence.unsubscribed('reconnect');
      metrics.hide();
    },
  };
  return bus;
}
