import type { ListEventsRequest } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { clampTime, type EventFilter, FIRST_TIME, LAST_TIME } from '../domain/event-filter.ts';

/** Reads the filters of a request whose fields keep their limits. */
export function toEventFilter(request: ListEventsRequest): EventFilter {
  return {
    userId: request.userId || undefined,
    requestId: request.requestId || undefined,
    types: request.eventTypes,
    from: clampTime(request.occurredFrom ?? FIRST_TIME),
    before: clampTime(request.occurredBefore ?? LAST_TIME),
  };
}
