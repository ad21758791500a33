import { uuidTimeMs, uuidv7 } from '@gatehouse/process';
import { Event, EventStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { Call } from '@gatehouse/rpc';

/** Where an end user's request came from, as far as it is worth recording. */
export interface EventOrigin {
  readonly ipAddress?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** One thing that happened, as a service tells it. */
export interface AuditEvent {
  /** `noun.verb`, such as `session.revoked`. */
  readonly type: string;
  readonly status: 'success' | 'denied' | 'failure';
  /** A sentence for people; no secret. */
  readonly description?: string;
  /** The user whom it concerns. */
  readonly userId?: string | undefined;
  /** The session that it concerns. */
  readonly sessionId?: string | undefined;
  /** The end user who did it, where the call itself does not say so. */
  readonly actorUserId?: string | undefined;
  readonly origin?: EventOrigin | undefined;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What an event takes from the call that made it happen. */
export type EventSource = Pick<Call, 'peer' | 'requestId' | 'trace' | 'actor'>;

/** An event in the form in which it waits in an outbox: its id, and gatehouse.audit.v1.Event as bytes. */
export interface EncodedEvent {
  readonly id: string;
  readonly payload: Buffer;
}

const STATUS = {
  success: EventStatus.EVENT_STATUS_SUCCESS,
  denied: EventStatus.EVENT_STATUS_DENIED,
  failure: EventStatus.EVENT_STATUS_FAILURE,
} as const;
const USER_AGENT_MAX = 512;
const ATTRIBUTE_MAX = 512;

/** Completes an event with who did it, from where, and in which request. */
export function encodeEvent(service: string, source: EventSource, event: AuditEvent): EncodedEvent {
  const id = uuidv7();
  const actorUserId = event.actorUserId ?? source.actor?.userId;
  const message: Event = {
    eventId: id,
    // One time and not two: the audit service finds an event again by its id and this, and holds one against the other.
    occurredAt: new Date(uuidTimeMs(id)),
    service,
    eventType: event.type,
    eventStatus: STATUS[event.status],
    eventDescription: event.description ?? '',
    actor: actorUserId ? `user:${actorUserId}` : `peer:${source.peer.name}`,
    peer: source.peer.name,
    ipAddress: event.origin?.ipAddress || source.peer.address,
    userAgent: (event.origin?.userAgent ?? '').slice(0, USER_AGENT_MAX),
    requestId: source.requestId,
    traceId: source.trace.traceId,
    userId: event.userId ?? '',
    sessionId: event.sessionId ?? '',
    attributes: Object.fromEntries(
      Object.entries(event.attributes ?? {}).map(([key, value]) => [key, value.slice(0, ATTRIBUTE_MAX)]),
    ),
  };
  return { id, payload: Buffer.from(Event.encode(message).finish()) };
}
