import type { Database } from '@gatehouse/postgres';
import type { RecordEventsRequest, RecordEventsResponse } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { AuditEvent } from '../domain/event.ts';
import { addMonths, monthOf } from '../domain/month.ts';
import { type Refusal, refuseBatch, refuseOld } from '../domain/refusal.ts';
import { createMonth, findOldestMonth } from '../store/partitions.ts';
import { insertEvents } from '../store/security-audit-log.ts';
import { toEvent } from '../wire/event.ts';

/** Records events: all of them, durably, or none. Those that are there already are left as they are. */
export function recordEvents({
  db,
  clock,
  events: told,
}: Pick<Deps, 'db' | 'clock' | 'events'>): Handler<RecordEventsRequest, RecordEventsResponse> {
  return async (request, call) => {
    const sender = call.peer.name;
    const within = db.within(call);
    const now = clock.now();
    const events = request.events.map(toEvent);
    const stopIf = (refusal: Refusal | undefined) => {
      if (!refusal) return;
      told.eventsRefused(sender, refusal);
      throw refusal.failure;
    };
    stopIf(refuseBatch(events, sender, now));
    let recordedCount = await insertEvents(within, events);
    if (recordedCount === undefined) {
      const lastMonth = addMonths(monthOf(now), -1);
      const oldest = (await findOldestMonth(within)) ?? lastMonth;
      stopIf(refuseOld(events, oldest < lastMonth ? oldest : lastMonth));
      recordedCount = await insertWithMonths(within, events);
    }
    told.eventsRecorded(sender, recordedCount, events.length - recordedCount);
    return { recordedCount };
  };
}

/** For months in which the service did not run, or at its very start: nobody has made their partitions yet. */
async function insertWithMonths(db: Database, events: readonly AuditEvent[]): Promise<number> {
  for (const month of new Set(events.map(({ occurredAt }) => monthOf(occurredAt)))) await createMonth(db, month);
  const recordedCount = await insertEvents(db, events);
  if (recordedCount === undefined) throw new Error('A partition that was just made is not there.');
  return recordedCount;
}
