import {
  appendAllToOutbox,
  appendOutbox,
  type Database,
  startOutboxRelay,
  type Transaction,
} from '@gatehouse/postgres';
import type { Logger, Registry } from '@gatehouse/process';
import { type AuditServiceService, Event } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { type Client, startTrace } from '@gatehouse/rpc';
import { type AuditEvent, type EventSource, encodeEvent } from './audit-event.ts';
import { observationBuffer } from './observation-buffer.ts';

/** Which decisions that change nothing are recorded: none, refusals, or all. */
export type DecisionLevel = 'none' | 'denied' | 'all';

export interface TrailOptions {
  readonly service: string;
  /** Schema that holds the service's outbox. */
  readonly schema: string;
  readonly db: Database;
  readonly audit: Client<typeof AuditServiceService>;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly decisions: DecisionLevel;
}

/** How a service leaves its audit trail. */
export interface Trail {
  /** Writes an event in the transaction that does what it tells: both commit, or neither. */
  record(tx: Transaction, source: EventSource, event: AuditEvent): Promise<void>;
  /** Writes several events as `record` does, by one statement. */
  recordAll(tx: Transaction, source: EventSource, events: readonly AuditEvent[]): Promise<void>;
  /** Notes a decision that changes nothing. It does not wait; what does not fit in the bounded buffer is counted. */
  observe(source: EventSource, event: AuditEvent): void;
  /** Whether a decision that ended so is recorded at all: asked by hot paths before they put an event together. */
  observes(status: AuditEvent['status']): boolean;
  /** Resolves when everything noted so far has been delivered. */
  drained(): Promise<void>;
  stop(): Promise<void>;
}

/** Deadline of one delivery. Milliseconds. */
const DELIVERY_DEADLINE_MS = 5_000;

/** Opens the trail: events go to the service's outbox, and a relay takes them to the audit service. */
export function openTrail(options: TrailOptions): Trail {
  const { service, schema, db, audit, logger, registry, decisions } = options;
  const relay = startOutboxRelay({
    db,
    schema,
    logger,
    registry,
    deliveryTimeoutMs: DELIVERY_DEADLINE_MS,
    deliver: async (messages, signal) => {
      const events = messages.map(({ payload }) => Event.decode(payload));
      const deadlineMs = Date.now() + DELIVERY_DEADLINE_MS;
      await audit.recordEvents({ events }, { signal, deadlineMs, trace: startTrace() });
    },
  });
  const observes = (status: AuditEvent['status']) =>
    decisions === 'all' || (decisions === 'denied' && status !== 'success');
  const buffer = observationBuffer({ db, schema, logger, registry, flushed: () => relay.poke() });
  return {
    async record(tx, source, event) {
      appendOutbox(tx, schema, encodeEvent(service, source, event));
      tx.afterCommit(() => relay.poke());
    },
    async recordAll(tx, source, events) {
      if (events.length === 0) return;
      appendAllToOutbox(
        tx,
        schema,
        events.map((event) => encodeEvent(service, source, event)),
      );
      tx.afterCommit(() => relay.poke());
    },
    observes,
    observe(source, event) {
      if (!observes(event.status)) return;
      buffer.add(encodeEvent(service, source, event));
    },
    async drained() {
      await buffer.flush();
      await relay.drained();
    },
    async stop() {
      await buffer.stop();
      await relay.stop();
    },
  };
}
