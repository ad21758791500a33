import { describe, expect, it } from 'vitest';
import type { AuditEvent } from './event.ts';
import { FUTURE_MAX_MS, NAMED_MAX, refuseBatch, refuseOld } from './refusal.ts';

const NOW = new Date('2026-11-20T12:00:00.000Z');

describe('refuseBatch', () => {
  it('lets a batch pass whose events are of the sender and hold the time of their ids', () => {
    expect(refuseBatch([eventAt(NOW), eventAt(new Date(NOW.getTime() - 1e9))], 'session', NOW)).toBeUndefined();
  });

  it('lets an event lie a day in the future, and not a millisecond more', () => {
    const edge = NOW.getTime() + FUTURE_MAX_MS;
    expect(refuseBatch([eventAt(new Date(edge))], 'session', NOW)).toBeUndefined();
    expect(refuseBatch([eventAt(new Date(edge + 1))], 'session', NOW)?.failure.reason).toBe('EVENT_TIME_OUT_OF_RANGE');
  });

  it('names whose events they are before it speaks of times', () => {
    const refusal = refuseBatch([{ ...eventAt(NOW), id: 'x' }], 'identity', NOW);
    expect(refusal?.failure).toMatchObject({ kind: 'denied', reason: 'SERVICE_MISMATCH' });
  });

  it('counts every event that breaks the rule, and names the first of them', () => {
    const events = Array.from({ length: 60 }, (_, index) => ({
      ...eventAt(NOW),
      service: index % 2 === 0 ? 'session' : 'authz',
    }));
    const refusal = refuseBatch(events, 'session', NOW);
    expect(refusal?.count).toBe(30);
    expect(refusal?.failure.fields).toHaveLength(NAMED_MAX);
    expect(refusal?.failure.fields[1]?.field).toBe('events[3].service');
  });
});

describe('refuseOld', () => {
  it('refuses what lies before the oldest month, and nothing else', () => {
    const first = eventAt(new Date('2026-10-01T00:00:00.000Z'));
    const early = eventAt(new Date('2026-09-30T23:59:59.999Z'));
    expect(refuseOld([first], '2026-10-01')).toBeUndefined();
    const refusal = refuseOld([first, early], '2026-10-01');
    expect(refusal?.failure).toMatchObject({ kind: 'invalid', reason: 'EVENT_TIME_OUT_OF_RANGE' });
    expect(refusal?.failure.fields.map(({ field }) => field)).toEqual(['events[1].occurred_at']);
  });
});

function eventAt(occurredAt: Date): AuditEvent {
  const ms = occurredAt.getTime().toString(16).padStart(12, '0');
  return {
    id: `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-000000000000`,
    occurredAt,
    service: 'session',
    type: 'session.created',
    status: 'success',
    description: '',
    actor: 'peer:identity',
    peer: 'identity',
    ipAddress: '',
    userAgent: '',
    requestId: '',
    traceId: '',
    userId: '',
    sessionId: '',
    attributes: {},
  };
}
