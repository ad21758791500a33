import { Failure } from '@gatehouse/failure';
import { backoffMs, type Logger, type Registry } from '@gatehouse/process';
import { createBell } from './bell.ts';
import type { Database } from './database.ts';
import { type BatchOutcome, type Deliver, deliverBatch, hasPending } from './outbox-batch.ts';
import { relayMetrics } from './relay-metrics.ts';

/** Which outbox to empty, and where to. */
export interface OutboxRelayOptions {
  readonly db: Database;
  readonly schema: string;
  /**
   * Hands messages on, at least once each. Rejecting with Failure `invalid` or `denied` says that the receiver will
   * never take them; with one that says that it is away or busy, that all must wait. After any other error a message that
   * fails by itself is tried again later, and those behind it go first.
   */
  readonly deliver: Deliver;
  readonly logger: Logger;
  readonly registry?: Registry;
  /** How often the outbox is looked into when nobody pokes; a second when absent. */
  readonly pollMs?: number;
  /** The most messages in one delivery; 100 when absent. */
  readonly batchSize?: number;
  /**
   * After this long a delivery has failed and its signal is aborted; 15 seconds when absent. What a relay held that died
   * meanwhile is delivered by another a second later.
   */
  readonly deliveryTimeoutMs?: number;
}

/** Delivers what is in an outbox until it is stopped. */
export interface OutboxRelay {
  /** Says that there is something to deliver, after a commit. Does not shorten the pause after a failure. */
  poke(): void;
  /** Resolves when nothing waits for delivery (what is marked as refused does not); rejects when stopped before. */
  drained(): Promise<void>;
  /** Stops for good; waits for the delivery that runs. */
  stop(): Promise<void>;
}

const POLL_MS = 1_000;
const BATCH_SIZE = 100;
const DELIVERY_TIMEOUT_MS = 15_000;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };
/** Most messages of which a relay remembers that they were set aside; of more, each is tried with others again. */
const SET_ASIDE_MAX = 1_000;
/** Another relay may hold the last messages: how often to look whether they are gone. */
const DRAIN_POLL_MS = 20;

/**
 * Starts emptying `<schema>.outbox`, oldest first. Several relays may work on one outbox, in one process or in many: none
 * is given what another one holds. While it delivers it uses no connection of the database.
 */
export function startOutboxRelay(o: OutboxRelayOptions): OutboxRelay {
  const pokes = createBell();
  const stops = createBell();
  const count = relayMetrics(o.registry);
  let stopping = false;
  let failures = 0;
  /** How many of the next messages must be tried by themselves, since one of them is what is not taken. */
  let suspects = 0;
  const setAside = new Map<string, number>();
  let drains: PromiseWithResolvers<void>[] = [];

  async function run(): Promise<void> {
    while (!stopping) {
      const outcome = await attempt();
      // What was set aside still waits.
      if (outcome.kind !== 'empty' || setAside.size === 0) count(outcome);
      await react(outcome);
    }
    for (const drain of drains)
      drain.reject(new Failure('cancelled', 'RELAY_STOPPED', 'The outbox relay was stopped.'));
  }

  async function attempt(): Promise<BatchOutcome> {
    try {
      return await deliverBatch(o.db, {
        schema: o.schema,
        deliver: o.deliver,
        size: suspects > 0 ? 1 : (o.batchSize ?? BATCH_SIZE),
        timeoutMs: o.deliveryTimeoutMs ?? DELIVERY_TIMEOUT_MS,
        setAside,
      });
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  async function react(outcome: BatchOutcome): Promise<void> {
    switch (outcome.kind) {
      case 'empty':
        suspects = 0;
        await settleDrains();
        await pokes.wait(drains.length > 0 ? DRAIN_POLL_MS : (o.pollMs ?? POLL_MS));
        return;
      case 'delivered':
        suspects = Math.max(0, suspects - outcome.ids.length);
        if (setAside.size > 0) for (const id of outcome.ids) setAside.delete(id);
        if (failures > 0) o.logger.info({ schema: o.schema, failures }, 'the outbox is delivered again');
        failures = 0;
        return;
      case 'suspect':
        suspects = outcome.count;
        return;
      case 'refused':
        suspects = Math.max(0, suspects - 1);
        setAside.delete(outcome.id);
        o.logger.error(
          { schema: o.schema, id: outcome.id, err: outcome.failure },
          'a message of the outbox is refused',
        );
        return;
      case 'set-aside': {
        suspects = Math.max(0, suspects - 1);
        failures += 1;
        const times = setAside.get(outcome.id);
        if (times === undefined) {
          o.logger.error(
            { schema: o.schema, id: outcome.id, err: outcome.error },
            'a message of the outbox is set aside',
          );
        }
        if (times !== undefined || setAside.size < SET_ASIDE_MAX) setAside.set(outcome.id, (times ?? 0) + 1);
        // Where all fail so, it is the receiver.
        await stops.wait(backoffMs(failures, BACKOFF));
        return;
      }
      case 'failed':
        failures += 1;
        if (failures === 1) o.logger.warn({ schema: o.schema, err: outcome.error }, 'the outbox is not delivered');
        await stops.wait(backoffMs(failures, BACKOFF));
        return;
      default:
        outcome satisfies never;
    }
  }

  async function settleDrains(): Promise<void> {
    const asked = drains;
    if (asked.length === 0 || (await hasPending(o.db, o.schema).catch(() => true))) return;
    drains = drains.filter((drain) => !asked.includes(drain));
    for (const drain of asked) drain.resolve();
  }

  const running = run();
  return {
    poke: pokes.ring,
    drained: () => {
      const drain = Promise.withResolvers<void>();
      if (stopping) drain.reject(new Failure('cancelled', 'RELAY_STOPPED', 'The outbox relay was stopped.'));
      else drains.push(drain);
      pokes.ring();
      return drain.promise;
    },
    stop: async () => {
      stopping = true;
      pokes.ring();
      stops.ring();
      await running;
    },
  };
}
