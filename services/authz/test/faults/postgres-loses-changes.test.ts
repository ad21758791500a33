import { randomUUID } from 'node:crypto';
import {
  areWell,
  type FailoverPair,
  type RedisInstance,
  startFailoverPair,
  startRedis,
  waitFor,
} from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseToken } from '../../src/domain/consistency.ts';
import { atLeast, type Fixture, FULLY, staleness, startFixture } from '../fixture.ts';
import { BOUND_MS, SHORT_BOUND } from './short-bound.ts';

/** What two round trips to the new primary may take on a busy machine, before it is known to be another one. */
const NOTICE_MS = 1_000;

let redis: RedisInstance;
let pair: FailoverPair;
let instances: Fixture[];

beforeAll(async () => {
  [pair, redis] = await Promise.all([startFailoverPair('authz'), startRedis()]);
  const { database } = pair;
  instances = await Promise.all(
    ['a', 'b'].map((instance) => startFixture({ redis, database, env: SHORT_BOUND, instance })),
  );
});
afterAll(async () => {
  await Promise.all((instances ?? []).map((each) => each.stop()));
  await Promise.all([pair?.stop(), redis?.stop()]);
});

const revisionIn = (token: string) => parseToken(token).user?.revision ?? 0n;

/** That each instance answers so within the bound since now. */
async function expectSoon(ask: (fixture: Fixture) => Promise<boolean>, expected: boolean): Promise<void> {
  const latest = await Promise.all(instances.map((each) => staleness(() => ask(each), expected)));
  expect(Math.max(...latest)).toBeLessThan(BOUND_MS + NOTICE_MS);
}

describeWith('postgres', 'Postgres that fails over to a standby which lacks the last changes', () => {
  it('nothing that was lost is answered, and what is changed then is seen', async () => {
    const [a, b] = instances as [Fixture, Fixture];
    const [reading, writing] = [
      await a.role({ permissions: ['lost:read'] }),
      await a.role({ permissions: ['lost:write'] }),
    ];
    const [granted, revoked, ofRole] = [randomUUID(), randomUUID(), randomUUID()];
    await a.grant(revoked, reading);
    await a.grant(ofRole, writing);
    await waitFor(() => areWell(instances));
    await waitFor(pair.standbyHasAll);

    pair.link.stall();
    const lost = await a.grant(granted, reading);
    await a.revoke(revoked, reading);
    const change = { addPermissions: ['lost:read'], removePermissions: [] };
    await b.model.updateRole({
      roleId: writing,
      ...change,
      addDeniedPermissions: [],
      denialConditions: [],
      removeDeniedPermissions: [],
    });
    for (const each of instances) {
      for (const userId of [granted, revoked, ofRole]) await each.warm(userId);
      expect(await each.allowed(granted, 'lost:read')).toBe(true);
      expect(await each.allowed(revoked, 'lost:read')).toBe(false);
      expect(await each.allowed(ofRole, 'lost:read')).toBe(true);
    }
    await pair.killPrimary();
    await pair.promote();
    await waitFor(async () => !(await a.allowed(randomUUID(), 'lost:read', FULLY)));

    await expectSoon((each) => each.allowed(granted, 'lost:read'), false);
    await expectSoon((each) => each.allowed(revoked, 'lost:read'), true);
    await expectSoon((each) => each.allowed(ofRole, 'lost:read'), false);
    for (const each of instances) {
      expect(await each.allowed(granted, 'lost:read', FULLY)).toBe(false);
      expect(await each.allowed(revoked, 'lost:read', FULLY)).toBe(true);
      expect(await each.allowed(ofRole, 'lost:read', FULLY)).toBe(false);
      // It is not refused for a state that will never be reached: a session may hold it.
      expect(await each.allowed(granted, 'lost:read', atLeast(lost))).toBe(false);
    }

    // As many changes as were lost: told apart from them all the same.
    const token = await a.grant(granted, writing);
    const ended = await b.revoke(revoked, reading);
    expect(revisionIn(token)).toBeGreaterThan(revisionIn(lost));
    expect(await b.allowed(granted, 'lost:write', atLeast(token))).toBe(true);
    expect(await a.allowed(revoked, 'lost:read', atLeast(ended))).toBe(false);
    for (const each of instances) expect(await each.allowed(granted, 'lost:read', FULLY)).toBe(false);
    await expectSoon((each) => each.allowed(granted, 'lost:write'), true);
    await expectSoon((each) => each.allowed(revoked, 'lost:read'), false);
  });
});
