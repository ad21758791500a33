import { AuditServiceService, Event, RecordEventsRequest } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { describe, expect, it } from 'vitest';
import { auditDefinition } from './definition.ts';

const { requestDeserialize } = auditDefinition.recordEvents;

describe('the request of RecordEvents', () => {
  it('keeps the attribute "__proto__" of the event that has it, as an attribute and nothing more', () => {
    const bytes = encode([{ a: 'b' }, JSON.parse('{"__proto__":"kept","c":"d"}'), {}]);
    const [first, second, third] = requestDeserialize(bytes).events;
    expect(Object.entries(first?.attributes ?? {})).toEqual([['a', 'b']]);
    expect(Object.entries(second?.attributes ?? {})).toEqual([
      ['c', 'd'],
      ['__proto__', 'kept'],
    ]);
    expect(Object.entries(third?.attributes ?? {})).toEqual([]);
    expect(Object.getPrototypeOf(second?.attributes)).toBe(Object.prototype);
  });

  it('is otherwise what the generated code reads', () => {
    const bytes = encode([{ a: '__proto__' }, { name: 'x', __proto__x: 'y' }]);
    expect(requestDeserialize(bytes)).toEqual(AuditServiceService.recordEvents.requestDeserialize(bytes));
  });
});

function encode(attributes: readonly Record<string, string>[]): Buffer {
  const events = attributes.map((each) => ({ ...Event.decode(new Uint8Array()), attributes: each }));
  return Buffer.from(RecordEventsRequest.encode({ events }).finish());
}
