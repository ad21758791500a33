import { statement, type Transaction } from '@gatehouse/postgres';
import type { AuditEvent } from '../domain/event.ts';

// It raises synchronous_commit for its transaction, whatever the role, the database or a pooler has set: the sender deletes its only copy when it is told that the
// events are durable, and without it Postgres says so before they are. In the order of their ids, so that two batches
// with the same events wait for each other and never in a circle.
const INSERT = statement<{ recorded: number }>(
  'audit.insert-events',
  `with recorded as (
     insert into audit.security_audit_log (id, occurred_at, service, event_type, event_status, event_description, actor,
       peer, ip_address, user_agent, request_id, trace_id, user_id, session_id, attributes)
     select id, occurred_at, service, event_type, event_status, event_description, actor, peer, ip_address, user_agent,
       request_id, trace_id, user_id, session_id, attributes::jsonb
     from unnest($1::uuid[], $2::timestamptz[], $3::varchar[], $4::varchar[], $5::varchar[], $6::text[], $7::varchar[],
       $8::varchar[], $9::inet[], $10::text[], $11::uuid[], $12::varchar[], $13::uuid[], $14::uuid[], $15::text[])
       as event (id, occurred_at, service, event_type, event_status, event_description, actor, peer, ip_address,
         user_agent, request_id, trace_id, user_id, session_id, attributes)
     order by id
     on conflict (id, occurred_at) do nothing
     returning 1)
   select count(*)::int as recorded, set_config('synchronous_commit', 'on', true) from recorded`,
);

/**
 * Adds events, and answers how many of them were new; once the transaction is committed they are durable. What it throws when
 * the month of some event has no partition is recognised by `isPartitionMissing`.
 */
export async function insertEvents(tx: Transaction, events: readonly AuditEvent[]): Promise<number> {
  const [row] = await tx.query(INSERT, [
    events.map(({ id }) => id),
    events.map(({ occurredAt }) => occurredAt.toISOString()),
    events.map(({ service }) => service),
    events.map(({ type }) => type),
    events.map(({ status }) => status),
    events.map(({ description }) => orNull(description)),
    events.map(({ actor }) => actor),
    events.map(({ peer }) => peer),
    events.map(({ ipAddress }) => orNull(ipAddress)),
    events.map(({ userAgent }) => orNull(userAgent)),
    events.map(({ requestId }) => requestId),
    events.map(({ traceId }) => orNull(traceId)),
    events.map(({ userId }) => orNull(userId)),
    events.map(({ sessionId }) => orNull(sessionId)),
    events.map(({ attributes }) => JSON.stringify(attributes)),
  ]);
  return row?.recorded ?? 0;
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

const CHECK_VIOLATION = '23514';

/** Postgres reports a missing partition as a violated check, but of no constraint. */
export function isPartitionMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    Reflect.get(error, 'code') === CHECK_VIOLATION &&
    Reflect.get(error, 'constraint') === undefined
  );
}
