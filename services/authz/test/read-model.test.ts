import { randomUUID } from 'node:crypto';
import { Effect } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type ReadRole, WatchServiceService } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import { createTestDatabase, type LentRedis, lendRedis, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, permission, startFixture } from './fixture.ts';
import { readStream, WELL } from './read-stream.ts';

let redis: LentRedis;
let database: TestDatabase;
let a: Fixture;
let b: Fixture;

beforeAll(async () => {
  [redis, database] = await Promise.all([lendRedis(), createTestDatabase('authz')]);
  [a, b] = await Promise.all(
    ['a', 'b'].map((instance) => startFixture({ redis, database, instance })) as [Promise<Fixture>, Promise<Fixture>],
  );
});
afterAll(async () => {
  await Promise.all([a?.stop(), b?.stop()]);
  await redis?.stop();
  await database?.drop();
});

/** The parts of the model put together. */
async function readModel(fixture: Fixture, peer?: string) {
  const { messages, end } = await readStream(fixture, WatchServiceService.readModel, {}, peer);
  expect(end).toEqual(WELL);
  expect(messages.map(({ isComplete }) => isComplete)).toEqual(
    messages.map((_, index) => index === messages.length - 1),
  );
  expect(new Set(messages.map(({ revision }) => revision)).size).toBe(1);
  const roles = new Map<string, ReadRole>();
  for (const role of messages.flatMap((message) => message.roles)) {
    const known = roles.get(role.roleId);
    const permissions = [...(known?.permissions ?? []), ...role.permissions];
    roles.set(role.roleId, { ...role, permissions });
  }
  return { messages, roles, revision: messages[0]?.revision ?? 0n };
}

describe('ReadModel', () => {
  it('tells what there is when there is nothing', async () => {
    const { messages } = await readModel(a);
    expect(messages).toEqual([{ revision: 0n, roles: [], isComplete: true }]);
  });

  it('tells roles, each after its parent, with what they hold and deny, under its conditions', async () => {
    await a.operator.createPermission({ ...permission('vault:open'), condition: 'request.authentication_level >= 2' });
    await a.operator.createPermission(permission('vault:shut'));
    const parent = await a.role({ permissions: ['vault:open', 'vault:see'], name: 'guard' });
    const { role } = await a.operator.createRole({
      name: 'trainee',
      description: '',
      parentRoleId: parent,
      permissions: ['vault:see'],
      deniedPermissions: ['vault:open', 'vault:shut'],
      denialConditions: [{ permission: 'vault:shut', condition: 'context.isNight == true' }],
    });
    const { roles } = await readModel(a);
    expect([...roles.keys()].indexOf(parent)).toBeLessThan([...roles.keys()].indexOf(role?.roleId ?? ''));
    expect(roles.get(role?.roleId ?? '')).toMatchObject({ name: 'trainee', parentRoleId: parent });
    const held = [...(roles.get(role?.roleId ?? '')?.permissions ?? [])].sort((x, y) => (x.name < y.name ? -1 : 1));
    expect(held).toEqual([
      { name: 'vault:open', effect: Effect.EFFECT_DENY, condition: '' },
      { name: 'vault:see', effect: Effect.EFFECT_ALLOW, condition: '' },
      { name: 'vault:shut', effect: Effect.EFFECT_DENY, condition: 'context.isNight == true' },
    ]);
    expect(roles.get(parent)?.permissions).toContainEqual({
      name: 'vault:open',
      effect: Effect.EFFECT_ALLOW,
      condition: 'request.authentication_level >= 2',
    });
  });

  it('is never behind what was changed before it was called, on whichever instance', async () => {
    for (let round = 0; round < 5; round += 1) {
      const roleId = await a.role({ name: `round-${round}` });
      expect((await readModel(b)).roles.has(roleId)).toBe(true);
    }
  });

  it('comes in parts, also a role with many permissions', async () => {
    const [first, many] = [randomUUID(), randomUUID()];
    await a.rows(
      `with made as (
         insert into authz.permissions (id, resource, action, created_at)
         select gen_random_uuid(), 'bulk', 'a' || n, now() from generate_series(1, 1201) n returning id),
       roles as (
         insert into authz.roles (id, name, level, created_at, updated_at)
         select case n when 0 then $1 when 1 then $2 else gen_random_uuid() end, 'bulk-' || n, 0, now(), now()
         from generate_series(0, 700) n returning id, name)
       insert into authz.role_permissions (id, role_id, permission_id, granted_at)
       select gen_random_uuid(), r.id, p.id, now() from roles r cross join made p where r.name = 'bulk-1'`,
      [first, many],
    );
    await a.rows('update authz.model_revision set revision = revision + 1');
    const { messages, roles } = await readModel(a);
    expect(roles.get(many)?.permissions).toHaveLength(1_201);
    expect(roles.size).toBeGreaterThan(701);
    for (const message of messages) {
      expect(message.roles.length).toBeLessThanOrEqual(500);
      expect(message.roles.flatMap(({ permissions }) => permissions).length).toBeLessThanOrEqual(500);
    }
    expect(await readModel(a)).toEqual({ messages, roles, revision: messages[0]?.revision });
  });

  it.each(['identity', 'session', 'audit', 'ops', 'edge/envoy', 'operator/test'])(
    'may be called by %s',
    async (peer) => {
      await readModel(a, peer);
    },
  );

  it('is refused to a peer that may not check', async () => {
    const { end } = await readStream(a, WatchServiceService.readModel, {}, 'stranger');
    expect(end).toEqual({ code: 7, reason: 'PEER_NOT_ALLOWED' });
  });
});
