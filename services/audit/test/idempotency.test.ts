import { randomUUID } from 'node:crypto';
import { AuditServiceService } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { changingRpcs, startTestService, type TestService } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as main from '../src/main.ts';
import { event } from './events.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ name: 'audit', main });
});
afterAll(() => service?.stop());

const asSession = () => service.connectAs('session', AuditServiceService);

describe('with an idempotency key', () => {
  it('every RPC that changes something is tried here', () => {
    expect(changingRpcs(AuditServiceService)).toEqual({ keyed: ['RecordEvents'], unkeyed: [] });
  });

  it('RecordEvents answers as it did the first time, when the events were new', async () => {
    const events = [event(), event()];
    const context = { idempotencyKey: randomUUID() };
    expect(await asSession().recordEvents({ events }, context)).toEqual({ recordedCount: 2 });
    expect(await asSession().recordEvents({ events }, context)).toEqual({ recordedCount: 2 });
    expect(await asSession().recordEvents({ events })).toEqual({ recordedCount: 0 });
    const other = asSession().recordEvents({ events: [event()] }, context);
    await expect(other).rejects.toMatchObject({ kind: 'conflict', reason: 'IDEMPOTENCY_KEY_REUSED' });
  });
});
