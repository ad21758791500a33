import { randomBytes } from 'node:crypto';
import { uuidv7 } from '@gatehouse/process';
import { type Event, EventStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';

export const USER_ID = '0190a0b0-0000-7000-8000-000000000001';
export const OTHER_USER_ID = '0190a0b0-0000-7000-8000-000000000002';
export const SESSION_ID = '0190a0b0-0000-7000-8000-0000000000aa';

/** An id made at a time; `sequence` orders those of one millisecond. */
export function idAt(time: Date, sequence = Math.floor(Math.random() * 0x1000)): string {
  const ms = time.getTime().toString(16).padStart(12, '0');
  const order = sequence.toString(16).padStart(3, '0');
  const random = randomBytes(8).toString('hex');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${order}-8${random.slice(1, 4)}-${random.slice(4)}`;
}

/** An event of the session service, of now unless it says otherwise. */
export function event(change: Partial<Event> = {}): Event {
  const occurredAt = change.occurredAt ?? new Date();
  return {
    eventId: idAt(occurredAt),
    occurredAt,
    service: 'session',
    eventType: 'session.created',
    eventStatus: EventStatus.EVENT_STATUS_SUCCESS,
    eventDescription: 'A session was created.',
    actor: `user:${USER_ID}`,
    peer: 'identity',
    ipAddress: '192.0.2.7',
    userAgent: 'Mozilla/5.0',
    requestId: uuidv7(),
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    userId: USER_ID,
    sessionId: SESSION_ID,
    attributes: { role: 'editor' },
    ...change,
  };
}

/** As many events, a millisecond apart, the first at `from`. */
export function eventsFrom(from: Date, count: number, change: Partial<Event> = {}): Event[] {
  return Array.from({ length: count }, (_, index) =>
    event({ occurredAt: new Date(from.getTime() + index), ...change }),
  );
}

/** The first millisecond of the month that lies `offset` months from this one. */
export function monthStart(offset: number): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1));
}

/** The partition of the month that lies `offset` months from this one. */
export function partition(offset: number): string {
  return `audit.security_audit_log_${monthStart(offset).toISOString().slice(0, 7).replace('-', '_')}`;
}
