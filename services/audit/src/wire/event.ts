import { type Event as EventMessage, EventStatus as WireStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { AuditEvent, EventStatus } from '../domain/event.ts';

const TO_WIRE = {
  success: WireStatus.EVENT_STATUS_SUCCESS,
  denied: WireStatus.EVENT_STATUS_DENIED,
  failure: WireStatus.EVENT_STATUS_FAILURE,
} as const satisfies Record<EventStatus, WireStatus>;

/** Reads an event whose fields keep their limits. */
export function toEvent(message: EventMessage): AuditEvent {
  if (!message.occurredAt) throw new Error('The limits of the contract let an event without a time pass.');
  return {
    id: message.eventId,
    occurredAt: message.occurredAt,
    service: message.service,
    type: message.eventType,
    status: toStatus(message.eventStatus),
    description: message.eventDescription,
    actor: message.actor,
    peer: message.peer,
    ipAddress: message.ipAddress,
    userAgent: message.userAgent,
    requestId: message.requestId,
    traceId: message.traceId,
    userId: message.userId,
    sessionId: message.sessionId,
    attributes: message.attributes,
  };
}

/** An event as callers see it. */
export function toMessage(event: AuditEvent): EventMessage {
  return {
    eventId: event.id,
    occurredAt: event.occurredAt,
    service: event.service,
    eventType: event.type,
    eventStatus: TO_WIRE[event.status],
    eventDescription: event.description,
    actor: event.actor,
    peer: event.peer,
    ipAddress: event.ipAddress,
    userAgent: event.userAgent,
    requestId: event.requestId,
    traceId: event.traceId,
    userId: event.userId,
    sessionId: event.sessionId,
    attributes: { ...event.attributes },
  };
}

function toStatus(status: WireStatus): EventStatus {
  switch (status) {
    case WireStatus.EVENT_STATUS_SUCCESS:
      return 'success';
    case WireStatus.EVENT_STATUS_DENIED:
      return 'denied';
    case WireStatus.EVENT_STATUS_FAILURE:
      return 'failure';
    default:
      throw new Error(`The limits of the contract let the event status ${status} pass.`);
  }
}
