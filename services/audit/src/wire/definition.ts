import {
  AuditServiceService,
  type Event,
  Event_AttributesEntry,
  RecordEventsRequest,
} from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { messagesIn } from './messages-in.ts';

/**
 * The service as it is served: like the generated definition, but no attribute is lost. The generated code assigns
 * attributes to a plain object, where an assignment to `__proto__` adds nothing.
 */
export const auditDefinition = {
  ...AuditServiceService,
  recordEvents: { ...AuditServiceService.recordEvents, requestDeserialize: decodeRequest },
};

const LOST_KEY = '__proto__';
const EVENTS_FIELD = 1;
const ATTRIBUTES_FIELD = 15;

function decodeRequest(bytes: Buffer): RecordEventsRequest {
  const request = RecordEventsRequest.decode(bytes);
  if (bytes.includes(LOST_KEY)) {
    messagesIn(bytes, EVENTS_FIELD).forEach((each, index) => {
      restoreLostKey(request.events[index], each);
    });
  }
  return request;
}

function restoreLostKey(event: Event | undefined, bytes: Uint8Array): void {
  for (const each of messagesIn(bytes, ATTRIBUTES_FIELD)) {
    const { key, value } = Event_AttributesEntry.decode(each);
    if (event && key === LOST_KEY) {
      Object.defineProperty(event.attributes, key, { value, enumerable: true, configurable: true, writable: true });
    }
  }
}
