import { appendAllToOutbox, type Database } from '@gatehouse/postgres';
import { Counter, type Logger, type Registry } from '@gatehouse/process';
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

/** Collects events that no transaction carries, and writes them to the outbox in batches. */
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
  let waiting: EncodedEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;

  const writeAll = async () => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_MAX);
      await db.transaction(async (tx) => appendAllToOutbox(tx, schema, batch));
      waiting = waiting.slice(batch.length);
      flushed();
    }
  };
  const flush = () => {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  };
  const schedule = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      flush().catch((error: unknown) => {
        logger.warn({ err: error, waiting: waiting.length }, 'decisions wait for the outbox');
        if (waiting.length > 0) schedule();
      });
    }, FLUSH_AFTER_MS);
  };
  return {
    add(event) {
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
