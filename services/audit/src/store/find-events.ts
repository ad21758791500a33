import { type Queryable, type Statement, statement } from '@gatehouse/postgres';
import type { AuditEvent, EventStatus } from '../domain/event.ts';
import type { EventFilter } from '../domain/event-filter.ts';
import type { Position } from '../domain/page-token.ts';

interface EventRow {
  id: string;
  occurred_at: Date;
  service: string;
  event_type: string;
  event_status: EventStatus;
  event_description: string | null;
  actor: string;
  peer: string;
  ip_address: string | null;
  user_agent: string | null;
  request_id: string;
  trace_id: string | null;
  user_id: string | null;
  session_id: string | null;
  attributes: Record<string, string>;
}

const COLUMNS = `id, occurred_at, service, event_type, event_status, event_description, actor, peer,
  host(ip_address) as ip_address, user_agent, request_id, trace_id, user_id, session_id, attributes`;

// The bounds of occurred_at alone say the same again, and let Postgres leave out the partitions of other months.
const FROM_HERE = `occurred_at >= $1::timestamptz and (occurred_at, id) > ($1::timestamptz, $2::uuid)
  and occurred_at < $3::timestamptz`;
const IN_ORDER = 'order by occurred_at, id limit $4::int';

const FIND_ALL = statement<EventRow>(
  'audit.find-events',
  `select ${COLUMNS} from audit.security_audit_log where ${FROM_HERE} ${IN_ORDER}`,
);
// One scan in order for each type: a single one would read past all events of other types, or sort all of these.
const FIND_BY_TYPE = statement<EventRow>(
  'audit.find-events-by-type',
  `select event.* from unnest($5::varchar[]) as wanted (type)
   cross join lateral (
     select ${COLUMNS} from audit.security_audit_log
     where event_type = wanted.type and ${FROM_HERE} ${IN_ORDER}) as event
   ${IN_ORDER}`,
);
const FIND_BY_USER = statement<EventRow>(
  'audit.find-events-by-user',
  `select ${COLUMNS} from audit.security_audit_log
   where user_id = $6::uuid and ${FROM_HERE} and ($5::varchar[] is null or event_type = any($5::varchar[])) ${IN_ORDER}`,
);
const FIND_BY_REQUEST = statement<EventRow>(
  'audit.find-events-by-request',
  `select ${COLUMNS} from audit.security_audit_log
   where request_id = $7::uuid and ($6::uuid is null or user_id = $6::uuid) and ${FROM_HERE}
     and ($5::varchar[] is null or event_type = any($5::varchar[])) ${IN_ORDER}`,
);

/** Before every id that an event can have. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** The first `limit` events that a filter admits, behind a position if one is given, by the index that leaves fewest. */
export async function findEvents(
  db: Queryable,
  filter: EventFilter,
  after: Position | undefined,
  limit: number,
): Promise<AuditEvent[]> {
  const { userId, requestId, before } = filter;
  const { occurredAt, id } = after ?? { occurredAt: filter.from, id: FIRST_ID };
  const values = [occurredAt, id, before, limit];
  const types = filter.types.length === 0 ? null : filter.types;
  const find = (wanted: Statement<EventRow>, ...more: unknown[]) => db.query(wanted, [...values, ...more]);
  const rows = requestId
    ? await find(FIND_BY_REQUEST, types, userId ?? null, requestId)
    : userId
      ? await find(FIND_BY_USER, types, userId)
      : types
        ? await find(FIND_BY_TYPE, types)
        : await find(FIND_ALL);
  return rows.map(toEvent);
}

function toEvent(row: EventRow): AuditEvent {
  return {
    id: row.id,
    occurredAt: row.occurred_at,
    service: row.service,
    type: row.event_type,
    status: row.event_status,
    description: row.event_description ?? '',
    actor: row.actor,
    peer: row.peer,
    ipAddress: row.ip_address ?? '',
    userAgent: row.user_agent ?? '',
    requestId: row.request_id,
    traceId: row.trace_id ?? '',
    userId: row.user_id ?? '',
    sessionId: row.session_id ?? '',
    attributes: row.attributes,
  };
}
