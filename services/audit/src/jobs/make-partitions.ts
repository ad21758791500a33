import type { Database } from '@gatehouse/postgres';
import type { Clock, Logger } from '@gatehouse/process';
import { addMonths, monthOf } from '../domain/month.ts';
import { createMonth } from '../store/partitions.ts';

export interface PartitionOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often the months are looked at; an hour when absent. */
  readonly everyMs?: number;
}

/** Last month too, for events that waited in an outbox. */
const MONTHS_BACK = 1;
const MONTHS_AHEAD = 3;
const EVERY_MS = 60 * 60 * 1000;
/** How soon it is tried again after it failed. */
const RETRY_MS = 5_000;

/**
 * Makes the partitions of last month, this month and the next three: at once, and again every hour. It never fails: what
 * it can't make is logged and tried again, and a batch of events makes what it finds missing. Instances may run it at
 * the same time: the function in the database takes an advisory lock.
 */
export function startMakingPartitions({ db, clock, logger, everyMs = EVERY_MS }: PartitionOptions): {
  stop(): Promise<void>;
} {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let failing = false;

  const tick = async () => {
    try {
      await makePartitions({ db: db.within({ signal: stopping.signal }), clock, logger });
      failing = false;
    } catch (error) {
      if (!failing && !stopping.signal.aborted) logger.warn({ err: error }, 'partitions could not be made');
      failing = true;
    }
    if (!stopping.signal.aborted) timer = setTimeout(again, failing ? Math.min(RETRY_MS, everyMs) : everyMs);
  };
  const again = () => {
    running = tick();
  };
  let running = tick();

  return {
    async stop() {
      stopping.abort();
      await running;
      clearTimeout(timer);
    },
  };
}

async function makePartitions({ db, clock, logger }: PartitionOptions): Promise<void> {
  const thisMonth = monthOf(clock.now());
  for (let offset = -MONTHS_BACK; offset <= MONTHS_AHEAD; offset += 1) {
    const month = addMonths(thisMonth, offset);
    if (await createMonth(db, month)) logger.info({ month }, 'partition made');
  }
}
