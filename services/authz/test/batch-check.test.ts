import { randomUUID } from 'node:crypto';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type PostgresInstance, type RedisInstance, startRedis, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatToken, parseToken } from '../src/domain/consistency.ts';
import { atLeast, type Fixture, FULLY, ownPostgres, RECORD_ALL, startFixture, traced } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture({ env: RECORD_ALL });
});
afterAll(() => fixture?.stop());

const item = (userId: string, permission: string, resource = '') => ({
  userId,
  permission,
  resource,
  context: undefined,
});
const app = (on = fixture) => on.service.connectAs('app/test', AuthzServiceService);
const result = (isAllowed: boolean) => ({
  decision: isAllowed ? Decision.DECISION_ALLOWED : Decision.DECISION_DENIED,
  undetermined: '',
  error: undefined,
});

describe('a batch of checks', () => {
  it('has one result for each item, in their order, from memory and from the stores alike', async () => {
    const roleId = await fixture.role({ permissions: ['batch:read'] });
    const users = Array.from({ length: 20 }, () => randomUUID());
    for (const userId of users.slice(0, 10)) await fixture.grant(userId, roleId);
    for (const userId of users.slice(0, 3)) await fixture.warm(userId);
    const items = users.flatMap((userId) => [item(userId, 'batch:read'), item(userId, 'batch:write', 'tenant/7')]);
    for (const requirement of [undefined, FULLY]) {
      const { results } = await app().batchCheck({ items, consistency: requirement && { requirement } });
      expect(results).toEqual(users.flatMap((_, index) => [result(index < 10), result(false)]));
    }
  });

  it('sees the write whose token it carries', async () => {
    const [userId, roleId] = [randomUUID(), await fixture.role({ permissions: ['batch:read'] })];
    await fixture.warm(userId);
    const token = await fixture.grant(userId, roleId);
    const consistency = { requirement: atLeast(token) };
    expect(await app().batchCheck({ items: [item(userId, 'batch:read')], consistency })).toEqual({
      results: [result(true)],
    });
  });

  it('tells an item that can not be decided from one that is denied', async () => {
    const [known, other] = [randomUUID(), randomUUID()];
    const token = await fixture.grant(known, await fixture.role({ permissions: ['batch:read'] }));
    const { modelRevision, user } = parseToken(token);
    const future = formatToken({ modelRevision, user: { id: known, revision: (user?.revision ?? 0n) + 5n } });
    const { results } = await app().batchCheck({
      items: [item(known, 'batch:read'), item(other, 'batch:read')],
      consistency: { requirement: atLeast(future) },
    });
    expect(results).toEqual([
      {
        decision: Decision.DECISION_UNSPECIFIED,
        undetermined: '',
        error: { reason: 'CONSISTENCY_TOKEN_INVALID', message: expect.any(String), retryable: false },
      },
      result(false),
    ]);
  });

  it('leaves an audit event for each item', async () => {
    const userId = randomUUID();
    await fixture.grant(userId, await fixture.role({ permissions: ['batch:read'] }));
    const call = traced();
    const items = [item(userId, 'batch:read', 'tenant/7'), item(userId, 'batch:write')];
    await app().batchCheck({ items, consistency: undefined }, call);
    const events = await fixture.eventsOf(call.requestId, 2);
    expect(events.map(({ eventType, attributes }) => ({ eventType, attributes }))).toEqual(
      expect.arrayContaining([
        { eventType: 'permission.allowed', attributes: { permission: 'batch:read', resource: 'tenant/7' } },
        { eventType: 'permission.denied', attributes: { permission: 'batch:write' } },
      ]),
    );
  });

  it.each([
    ['items', []],
    ['items', Array.from({ length: 501 }, () => item(randomUUID(), 'a:b'))],
    ['items[1].user_id', [item(randomUUID(), 'a:b'), item('ada', 'a:b')]],
    ['items[0].permission', [item(randomUUID(), 'a:*')]],
    ['items[0].resource', [item(randomUUID(), 'a:b', 'tenant')]],
  ])('is refused whole with the field %s (%#)', async (field, items) => {
    await expect(app().batchCheck({ items, consistency: undefined })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });

  it('is refused whole with a token that nobody has given', async () => {
    const request = { items: [item(randomUUID(), 'a:b')], consistency: { requirement: atLeast('AAAA') } };
    await expect(app().batchCheck(request)).rejects.toMatchObject({ reason: 'CONSISTENCY_TOKEN_INVALID' });
  });

  it('may be asked by those who may check, and by nobody else', async () => {
    const ask = (peer: string) =>
      fixture.service
        .connectAs(peer, AuthzServiceService)
        .batchCheck({ items: [item(randomUUID(), 'a:b')], consistency: undefined });
    for (const peer of ['edge/envoy', 'session', 'operator/ada']) await ask(peer);
    await expect(ask('stranger')).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });
});

describe('with both stores gone', () => {
  let redis: RedisInstance;
  let postgres: PostgresInstance;
  let database: TestDatabase;
  let alone: Fixture;

  beforeAll(async () => {
    [{ postgres, database }, redis] = await Promise.all([ownPostgres(), startRedis()]);
    alone = await startFixture({ redis, database });
  });
  afterAll(async () => {
    await alone?.stop();
    await Promise.all([postgres?.stop('immediate'), redis?.stop()]);
  });

  it('each item has an error that can be retried, and none is denied', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    await Promise.all([postgres.kill(), redis.kill()]);
    const { results } = await app(alone).batchCheck({
      items: [item(one, 'batch:read'), item(other, 'batch:read')],
      consistency: { requirement: FULLY },
    });
    const error = {
      decision: Decision.DECISION_UNSPECIFIED,
      undetermined: '',
      error: { reason: 'POSTGRES_UNAVAILABLE', message: expect.any(String), retryable: true },
    };
    expect(results).toEqual([error, error]);
  });
});
