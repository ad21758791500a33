import { describe, expect, it } from 'vitest';
import { descriptorImage } from '../descriptor-image.ts';
import { compileRules } from './compile.ts';
import { VIOLATIONS_MAX, Violations } from './violations.ts';

const validate = compileRules(descriptorImage(), 'gatehouse.audit.v1.RecordEventsRequest');

/** An event whose attributes are all too long. */
const event = (attributes: number) => ({
  ...{ eventId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1', occurredAt: new Date(), service: 'session' },
  ...{ eventType: 'session.created', eventStatus: 1, eventDescription: '', actor: 'peer:app/test', peer: 'app/test' },
  ...{
    ipAddress: '',
    userAgent: '',
    requestId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c2',
    traceId: '',
    userId: '',
    sessionId: '',
  },
  attributes: Object.fromEntries(
    Array.from({ length: attributes }, (_, index) => [`name_${index}`, 'x'.repeat(9_999)]),
  ),
});

function check(...attributes: number[]): Violations {
  const violations = new Violations();
  validate({ events: attributes.map(event) }, '', violations);
  return violations;
}

describe('the violations of a message', () => {
  it('are none where everything is in order', () => {
    expect(check(0, 0)).toMatchObject({ count: 0, named: [] });
  });

  it('are named and counted in maps that lie in lists', () => {
    const { count, named } = check(2, 0, 3);
    expect(count).toBe(5);
    expect(named.map(({ field }) => field)).toEqual([
      ...[0, 1].map((index) => `events[0].attributes[${index}].value`),
      ...[0, 1, 2].map((index) => `events[2].attributes[${index}].value`),
    ]);
  });

  it('are counted beyond those that are kept, and no path of these is left out', () => {
    const { count, named } = check(...Array.from({ length: 40 }, () => 7));
    expect(count).toBe(280);
    expect(named.length).toBe(VIOLATIONS_MAX);
    for (const [index, { field }] of named.entries()) expect(field).toContain(`events[${Math.floor(index / 7)}].`);
  });
});
