import { randomBytes, randomUUID } from 'node:crypto';
import { isFailure } from '@gatehouse/failure';
import { EventStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatToken, parseToken } from '../src/domain/consistency.ts';
import { ALWAYS, atLeast, type Fixture, FULLY, question, RECORD_ALL, startFixture, traced } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const LATENCY = { $case: 'minimizeLatency', value: true } as const;

describe('a check', () => {
  it('allows what a role of the user holds, and nothing else', async () => {
    const userId = randomUUID();
    const token = await fixture.grant(userId, await fixture.role({ permissions: ['invoices:read'] }));
    for (const requirement of [atLeast(token), undefined, LATENCY, FULLY]) {
      expect(await fixture.allowed(userId, 'invoices:read', requirement)).toBe(true);
      expect(await fixture.allowed(userId, 'invoices:write', requirement)).toBe(false);
      expect(await fixture.allowed(randomUUID(), 'invoices:read', requirement)).toBe(false);
    }
  });

  it('allows what an ancestor three levels up holds, and no ancestor what a descendant does', async () => {
    const top = await fixture.role({ permissions: ['archive:read'] });
    const second = await fixture.role({ parentRoleId: top });
    const third = await fixture.role({ parentRoleId: second, permissions: ['archive:write'] });
    const lowest = await fixture.role({ parentRoleId: third });
    const [below, above] = [randomUUID(), randomUUID()];
    await fixture.grant(below, lowest);
    await fixture.grant(above, second);
    expect(await fixture.allowed(below, 'archive:read', FULLY)).toBe(true);
    expect(await fixture.allowed(below, 'archive:write', FULLY)).toBe(true);
    expect(await fixture.allowed(above, 'archive:read', FULLY)).toBe(true);
    expect(await fixture.allowed(above, 'archive:write', FULLY)).toBe(false);
  });

  it.each([
    ['reports:*', 'reports:purge', 'invoices:purge'],
    ['*:export', 'invoices:export', 'invoices:purge'],
  ])('allows with %s %s and not %s', async (name, yes, no) => {
    const userId = randomUUID();
    await fixture.grant(userId, await fixture.role({ permissions: [name] }));
    expect(await fixture.allowed(userId, yes, FULLY)).toBe(true);
    expect(await fixture.allowed(userId, no, FULLY)).toBe(false);
  });

  it('allows with *:* what no permission was ever created for', async () => {
    const userId = randomUUID();
    await fixture.grant(userId, await fixture.role({ permissions: ['*:*'] }));
    expect(await fixture.allowed(userId, `resource-${randomBytes(4).toString('hex')}:act`, FULLY)).toBe(true);
  });

  it('takes a requirement that is set to false for none', async () => {
    const requirement = { $case: 'fullyConsistent', value: false } as const;
    const userId = randomUUID();
    await fixture.warm(userId);
    const fromPostgres = () => fixture.answeredBy('l3');
    const before = await fromPostgres();
    expect(await fixture.allowed(userId, 'invoices:read', requirement)).toBe(false);
    expect(await fromPostgres()).toBe(before);
    await fixture.allowed(userId, 'invoices:read', FULLY);
    expect(await fromPostgres()).toBe(before + 1);
  });

  it('is denied from memory too, once it is known that a user has nothing', async () => {
    const userId = randomUUID();
    await fixture.warm(userId);
    expect(await fixture.allowed(userId, 'invoices:read')).toBe(false);
  });

  it('is possible as soon as the service says that it is ready', async () => {
    const { status } = await fetch(`${fixture.service.adminUrl}/readyz`, { headers: { connection: 'close' } });
    expect(status).toBe(200);
  });

  it('exports its staleness bound and counts its decisions', async () => {
    expect(await fixture.metric('authz_staleness_bound_seconds')).toBe(1);
    const [allowed, denied] = [await decisions('allowed'), await decisions('denied')];
    await fixture.allowed(randomUUID(), 'invoices:read');
    expect(await decisions('denied')).toBe(denied + 1);
    expect(await decisions('allowed')).toBe(allowed);
  });
});

describe('a consistency token', () => {
  it('of a write about another user demands no more than that write of the model', async () => {
    const [writer, other] = [randomUUID(), randomUUID()];
    const role = await fixture.role({ permissions: ['tokens:read'] });
    const token = await fixture.grant(writer, role);
    await fixture.grant(other, role);
    expect(await fixture.allowed(other, 'tokens:read', atLeast(token))).toBe(true);
    expect(await fixture.allowed(randomUUID(), 'tokens:read', atLeast(token))).toBe(false);
  });

  it('of a change of the model makes it count for everybody', async () => {
    const userId = randomUUID();
    const { consistencyToken } = await fixture.operator.createRole({
      name: `model-${randomUUID()}`,
      description: '',
      parentRoleId: '',
      permissions: [],
      denialConditions: [],
      deniedPermissions: [],
    });
    const { modelRevision, user } = parseToken(consistencyToken);
    const [row] = await fixture.rows<{ revision: bigint }>('select revision from authz.model_revision');
    expect({ modelRevision, user }).toEqual({ modelRevision: row?.revision, user: undefined });
    expect(await fixture.allowed(userId, 'tokens:read', atLeast(consistencyToken))).toBe(false);
  });

  it('that names a state which the database has not reached is refused', async () => {
    const userId = randomUUID();
    const future = 2n ** 62n;
    for (const mark of [
      { modelRevision: future },
      { modelRevision: 0n, user: { id: userId, revision: 1n } },
      { modelRevision: future, user: { id: userId, revision: future } },
    ]) {
      await expect(fixture.allowed(userId, 'tokens:read', atLeast(formatToken(mark)))).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'CONSISTENCY_TOKEN_INVALID',
        fields: [expect.objectContaining({ field: 'consistency.at_least_as_fresh' })],
      });
    }
    expect(await fixture.allowed(userId, 'tokens:read')).toBe(false);
  });

  it('that is garbage is refused, and never an internal error', async () => {
    const good = formatToken({ modelRevision: 0n, user: { id: randomUUID(), revision: 0n } });
    const garbage = Array.from({ length: 100 }, (_, index) => {
      const noise = randomBytes(1 + (index % 90)).toString('base64url');
      return index % 2
        ? noise
        : good.slice(0, index % good.length) + noise.slice(0, 3) + good.slice(index % good.length);
    });
    const answers = await Promise.allSettled(
      garbage.map((token) => fixture.allowed(randomUUID(), 'tokens:read', atLeast(token))),
    );
    const others = answers.flatMap((answer) =>
      answer.status === 'rejected' && !isFailure(answer.reason, 'CONSISTENCY_TOKEN_INVALID') ? [answer.reason] : [],
    );
    expect(others).toEqual([]);
    expect(answers.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(90);
  });
});

describe('a question that is not one', () => {
  const app = () => fixture.service.connectAs('app/test', AuthzServiceService);
  it.each([
    ['user_id', { userId: 'ada', permission: 'a:b' }],
    ['user_id', { userId: '', permission: 'a:b' }],
    ['permission', { userId: randomUUID(), permission: '' }],
    ['permission', { userId: randomUUID(), permission: 'a' }],
    ['permission', { userId: randomUUID(), permission: 'a:b:c' }],
    ['permission', { userId: randomUUID(), permission: '*:b' }],
    ['permission', { userId: randomUUID(), permission: 'a:*' }],
    ['permission', { userId: randomUUID(), permission: `${'a'.repeat(129)}:b` }],
    ['permission', { userId: randomUUID(), permission: 'a:%' }],
    ['permission', { userId: randomUUID(), permission: 'a:%4' }],
    ['resource', { resource: 'tenant/%zz' }],
    ['resource', { resource: 'tenant/a%00' }],
  ])('is refused with the field %s', async (field, request) => {
    await expect(app().check({ ...question(randomUUID(), 'a:b'), ...request })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });

  it('knows a name and a resource again however they are percent-encoded', async () => {
    const userId = randomUUID();
    const roleId = await fixture.role({ permissions: ['Bucket:s3%3AGetObject'] });
    const grant = {
      userId,
      roleId,
      reason: '',
      ...ALWAYS,
      scope: 'Bucket/arn%3aaws%3As3%3A%3A%3Ax%2fy/%4Fbject/a%20b',
    };
    const granted = await fixture.operator.grantRole(grant);
    expect(granted.grant?.scope).toBe('Bucket/arn:aws:s3:::x%2Fy/Object/a%20b');
    await expect(fixture.operator.grantRole({ ...grant, scope: granted.grant?.scope ?? '' })).rejects.toMatchObject({
      reason: 'GRANT_EXISTS',
    });
    const resources = ['Bucket/arn:aws:s3:::x%2Fy/Object/a%20b', 'B%75cket/arn:aws:s3:::x%2fy/Object/%61%20b/v/1'];
    const allowed = async (permission: string, resource: string) => {
      const consistency = { requirement: FULLY };
      const { decision } = await app().check({ ...question(userId, permission), resource, consistency });
      const item = { userId, permission, resource, context: undefined };
      expect((await app().batchCheck({ items: [item], consistency })).results[0]?.decision).toBe(decision);
      return decision === Decision.DECISION_ALLOWED;
    };
    for (const resource of resources) {
      expect(await allowed('Bucket:s3%3AGetObject', resource)).toBe(true);
      expect(await allowed('%42ucket:s3%3agetObject'.replace('get', 'Get'), resource)).toBe(true);
      expect(await allowed('bucket:s3%3AGetObject', resource)).toBe(false);
    }
    expect(await allowed('Bucket:s3%3AGetObject', 'Bucket/arn:aws:s3:::x%2Fy/Object/a%2520b')).toBe(false);
    await fixture.operator.revokeRole({ userId, roleId, reason: '', scope: grant.scope });
    expect(await allowed('Bucket:s3%3AGetObject', resources[0] ?? '')).toBe(false);
  });

  it.each(['', 'A'.repeat(257)])('is refused with a token of a length that none has', async (token) => {
    await expect(fixture.allowed(randomUUID(), 'a:b', atLeast(token))).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'consistency.at_least_as_fresh' })],
    });
  });
});

describe('a peer', () => {
  const ask = (peer: string) =>
    fixture.service.connectAs(peer, AuthzServiceService).check(question(randomUUID(), 'a:b'));

  it.each(['app/shop', 'edge/envoy', 'operator/ada', 'identity', 'session', 'audit', 'ops'])(
    'may ask: %s',
    async (peer) => {
      await ask(peer);
    },
  );

  it.each(['authz', 'stranger', 'apps/shop'])('may not ask: %s', async (peer) => {
    await expect(ask(peer)).rejects.toMatchObject({ kind: 'denied', reason: 'PEER_NOT_ALLOWED' });
  });
});

describe('the audit trail', () => {
  it('has what was denied, with who asked for whom', async () => {
    const call = traced();
    const userId = randomUUID();
    const app = fixture.service.connectAs('app/shop', AuthzServiceService);
    await app.check(question(userId, 'invoices:read'), call);
    expect(await fixture.eventsOf(call.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'permission.denied',
        eventStatus: EventStatus.EVENT_STATUS_DENIED,
        service: 'authz',
        userId,
        peer: 'app/shop',
        actor: 'peer:app/shop',
        ipAddress: '127.0.0.1',
        attributes: { permission: 'invoices:read' },
      }),
    ]);
  });

  it('has what was allowed only if all decisions are recorded', async () => {
    const userId = randomUUID();
    await fixture.grant(userId, await fixture.role({ permissions: ['trail:read'] }));
    const recording = await startFixture({ env: RECORD_ALL, database: fixture.service.database });
    try {
      const ask = async (from: Fixture, call: ReturnType<typeof traced>) =>
        from.service.connectAs('app/shop', AuthzServiceService).check(question(userId, 'trail:read'), call);
      const [silent, recorded] = [traced(), traced()];
      await ask(fixture, silent);
      await ask(recording, recorded);
      expect(await recording.eventsOf(recorded.requestId, 1)).toEqual([
        expect.objectContaining({
          eventType: 'permission.allowed',
          eventStatus: EventStatus.EVENT_STATUS_SUCCESS,
          userId,
          attributes: { permission: 'trail:read' },
        }),
      ]);
      expect(await recording.eventsOf(silent.requestId, 0)).toEqual([]);
    } finally {
      await recording.stop();
    }
  });
});

function decisions(decision: string): Promise<number> {
  return fixture.metric('authz_check_decisions_total', `decision="${decision}"`);
}
