import { appendAllToOutbox, type Database, isRefusedForGood, OUTBOX_PAYLOAD_MAX_BYTES } from '@gatehouse/postgres';
import { backoffMs, Counter, type Logger, type Registry } from '@gatehouse/process';
import type { EncodedEvent } from './audit-event.ts';

export interface ObservationBufferOptions {
  readonly db: Database;
  readonly schema: string;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Called after events have reached the outbox. */
  readonly flushed: () => void;
}

export interface ObservationBuffer {
  add(event: EncodedEvent): void;
  /** Writes what is there now; rejects when the database does not take it, which keeps it. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Most events that wait for the outbox; beyond them events are dropped and counted. */
export const OBSERVATIONS_MAX = 10_000;
/** Most events written in one transaction. */
const BATCH_MAX = 500;
/** How long an event waits for others to be written with. Milliseconds. */
const FLUSH_AFTER_MS = 50;
/** How long it waits after a failure. */
const BACKOFF = { firstMs: 100, maxMs: 5_000 };

/**
 * Collects events that no transaction carries, and writes them to the outbox in batches. What may have been written already,
 * because the answer to a commit was lost, is written again and is there once. What the outbox will never take is left out.
 */
export function observationBuffer({
  db,
  schema,
  logger,
  registry,
  flushed,
}: ObservationBufferOptions): ObservationBuffer {
  const dropped = new Counter({
    name: 'audit_observations_dropped_total',
    help: 'Decisions that were not recorded because too many were waiting.',
    registers: [registry],
  });
  const refused = new Counter({
    name: 'audit_observations_refused_total',
    help: 'Decisions that were not recorded because the outbox will never take them.',
    registers: [registry],
  });
  let waiting: EncodedEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let failures = 0;

  const refuse = ({ id }: EncodedEvent, error?: unknown) => {
    refused.inc();
    logger.error({ id, err: error }, 'a decision can not be recorded');
  };
  /** Writes them, all but those that the outbox will never take, which it finds by halves. */
  const write = async (events: readonly EncodedEvent[]): Promise<void> => {
    try {
      await db.transaction(async (tx) => appendAllToOutbox(tx, schema, events));
    } catch (error) {
      if (!isRefusedForGood(error)) throw error;
      const [only] = events;
      if (events.length === 1 && only) return refuse(only, error);
      const half = Math.ceil(events.length / 2);
      await write(events.slice(0, half));
      await write(events.slice(half));
    }
  };
  const writeAll = async () => {
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, BATCH_MAX);
        await write(batch);
        waiting = waiting.slice(batch.length);
        flushed();
      }
      failures = 0;
    } catch (error) {
      failures += 1;
      throw error;
    }
  };
  const flush = () => {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  };
  const schedule = () => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        flush().catch((error: unknown) => {
          if (failures === 1) logger.warn({ err: error, waiting: waiting.length }, 'decisions wait for the outbox');
          if (waiting.length > 0) schedule();
        });
      },
      failures === 0 ? FLUSH_AFTER_MS : backoffMs(failures, BACKOFF),
    );
  };
  return {
    add(event) {
      if (event.payload.length > OUTBOX_PAYLOAD_MAX_BYTES) return refuse(event);
      if (waiting.length >= OBSERVATIONS_MAX) return dropped.inc();
      waiting.push(event);
      schedule();
    },
    flush,
    async stop() {
      clearTimeout(timer);
      await flush().catch((error: unknown) => {
        logger.error({ err: error, lost: waiting.length }, 'decisions were not recorded');
      });
      clearTimeout(timer);
    },
  };
}
