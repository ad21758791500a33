import { randomUUID } from 'node:crypto';
import { WatchServiceService } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALWAYS, type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const watcher = (peer = 'app/test') => fixture.service.connectAs(peer, WatchServiceService);
const HOUR_MS = 3_600_000;

describe('GetUserGrants', () => {
  it('tells what each user has, in the order in which it is asked, and what nobody has as well', async () => {
    const [one, other, nobody] = [randomUUID(), randomUUID(), randomUUID()];
    const [role, second] = [await fixture.role(), await fixture.role()];
    const validFrom = new Date(Date.now() - HOUR_MS);
    const validUntil = new Date(Date.now() + HOUR_MS);
    await fixture.operator.grantRole({
      ...ALWAYS,
      userId: one,
      roleId: role,
      reason: '',
      scope: 'tenant/7',
      validFrom,
      validUntil,
      condition: 'context.flag == true',
    });
    await fixture.grant(one, second);
    await fixture.grant(other, role);
    const { users, modelRevision } = await watcher().getUserGrants({ userIds: [other, nobody, one] });
    expect(users.map(({ userId, revision }) => [userId, revision])).toEqual([
      [other, 1n],
      [nobody, 0n],
      [one, 2n],
    ]);
    const plain = { scope: '', validFrom: undefined, validUntil: undefined, condition: '' };
    expect(users[0]?.grants).toEqual([{ roleId: role, ...plain }]);
    expect(users[1]?.grants).toEqual([]);
    expect(users[2]?.grants).toHaveLength(2);
    expect(users[2]?.grants).toContainEqual({ roleId: second, ...plain });
    const scoped = { roleId: role, scope: 'tenant/7', validFrom, validUntil, condition: 'context.flag == true' };
    expect(users[2]?.grants).toContainEqual(scoped);
    const [model] = await fixture.rows<{ revision: bigint }>('select revision from authz.model_revision');
    expect(modelRevision).toBe(model?.revision);
  });

  it('leaves out what is suspended, pending or over, and tells of what is yet to begin', async () => {
    const [userId, role] = [randomUUID(), await fixture.role()];
    const insert = (scope: string, status: string, from: string, until: string) =>
      fixture.rows(
        `insert into authz.role_grants (user_id, id, role_id, granted_at, scope, status, valid_from, valid_until)
         values ($1, gen_random_uuid(), $2, now(), $3, $4, ${from}, ${until})`,
        [userId, role, scope, status],
      );
    await insert('t/1', 'suspended', 'null', 'null');
    await insert('t/2', 'pending', 'null', 'null');
    await insert('t/3', 'active', 'null', `now() - interval '1 second'`);
    await insert('t/4', 'active', `now() + interval '1 hour'`, 'null');
    const { users } = await watcher().getUserGrants({ userIds: [userId] });
    expect(users[0]?.grants.map(({ scope }) => scope)).toEqual(['t/4']);
  });

  it('reads what the memory of the instance does not know yet', async () => {
    const [userId, role] = [randomUUID(), await fixture.role()];
    await fixture.warm(userId);
    await fixture.rows(
      `insert into authz.role_grants (user_id, id, role_id, granted_at) values ($1, gen_random_uuid(), $2, now())`,
      [userId, role],
    );
    const { users } = await watcher().getUserGrants({ userIds: [userId] });
    expect(users[0]?.grants).toHaveLength(1);
  });

  it('tells of as many users as fit, and of one in any case', async () => {
    const [users, role] = [[randomUUID(), randomUUID(), randomUUID()], await fixture.role()];
    await fixture.rows(
      `insert into authz.role_grants (user_id, id, role_id, granted_at, scope, condition)
       select u, gen_random_uuid(), $2, now(), 't/' || n, rpad('true', 1024) from unnest($1::uuid[]) u, generate_series(1, 1000) n`,
      [users, role],
    );
    const answer = await watcher().getUserGrants({ userIds: users });
    expect(answer.users.map(({ userId }) => userId)).toEqual(users.slice(0, 1));
    const rest = await watcher().getUserGrants({ userIds: users.slice(1) });
    expect(rest.users[0]?.grants).toHaveLength(1_000);
  });

  it.each([
    ['no user', []],
    ['too many', Array.from({ length: 101 }, () => randomUUID())],
    ['what is no id', ['somebody']],
    ['an id in upper case', [randomUUID().toUpperCase()]],
  ])('refuses %s', async (_what, userIds) => {
    await expect(watcher().getUserGrants({ userIds })).rejects.toMatchObject({ reason: 'FIELD_INVALID' });
  });

  it('refuses a user twice', async () => {
    const userId = randomUUID();
    const twice = watcher().getUserGrants({ userIds: [userId, userId] });
    await expect(twice).rejects.toMatchObject({ reason: 'FIELD_INVALID' });
  });

  it.each(['identity', 'session', 'audit', 'ops', 'edge/envoy', 'operator/test'])(
    'may be called by %s',
    async (peer) => {
      expect((await watcher(peer).getUserGrants({ userIds: [randomUUID()] })).users).toHaveLength(1);
    },
  );

  it('is refused to a peer that may not check', async () => {
    const call = watcher('stranger').getUserGrants({ userIds: [randomUUID()] });
    await expect(call).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });
});
