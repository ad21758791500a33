import type { Database } from '@gatehouse/postgres';
import type { RecordEventsRequest, RecordEventsResponse } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { AuditEvent } from '../domain/event.ts';
import { addMonths, monthOf } from '../domain/month.ts';
import { type Refusal, refuseBatch, refuseOld } from '../domain/refusal.ts';
import { createMonth, findOldestMonth } from '../store/partitions.ts';
import { insertEvents, isPartitionMissing } from '../store/security-audit-log.ts';
import { toEvent } from '../wire/event.ts';

/** Records events: all of them, durably, or none. Those that are there already are left as they are. */
export function recordEvents({
  db,
  writes,
  clock,
  events: told,
}: Pick<Deps, 'db' | 'writes' | 'clock' | 'events'>): Handler<RecordEventsRequest, RecordEventsResponse> {
  return async (request, call) => {
    const sender = call.peer.name;
    const now = clock.now();
    const events = request.events.map(toEvent);
    const stopIf = (refusal: Refusal | undefined) => {
      if (!refusal) return;
      told.eventsRefused(sender, refusal);
      throw refusal.failure;
    };
    const record = () =>
      writes.commit(call, request, async (tx) => {
        const recordedCount = await insertEvents(tx, events);
        tx.afterCommit(() => told.eventsRecorded(sender, recordedCount, events.length - recordedCount));
        return { reply: { recordedCount } };
      });
    stopIf(refuseBatch(events, sender, now));
    try {
      return await record();
    } catch (error) {
      if (!isPartitionMissing(error)) throw error;
    }
    const within = db.within(call);
    const lastMonth = addMonths(monthOf(now), -1);
    const oldest = (await findOldestMonth(within)) ?? lastMonth;
    stopIf(refuseOld(events, oldest < lastMonth ? oldest : lastMonth));
    await createMonths(within, events);
    return record();
  };
}

/** For months in which the service did not run, or at its very start: nobody has made their partitions yet. */
async function createMonths(db: Database, events: readonly AuditEvent[]): Promise<void> {
  for (const month of new Set(events.map(({ occurredAt }) => monthOf(occurredAt)))) await createMonth(db, month);
}
