import { randomUUID } from 'node:crypto';
import { matches } from '@gatehouse/client/policy';
import {
  AuthzServiceService,
  Decision,
  Effect,
  type LookupUsersRequest,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Call } from '@gatehouse/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatToken, parseToken } from '../src/domain/consistency.ts';
import { lookupUsers } from '../src/rpc/lookup-users.ts';
import { ALWAYS, atLeast, type Fixture, FULLY, startFixture } from './fixture.ts';
import { CONTEXTS, NAMES, RESOURCES, storeRandomPolicies } from './random-policies.ts';
import { readStream, WELL } from './read-stream.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const asked = (name: string, change: Partial<LookupUsersRequest> = {}): LookupUsersRequest => ({
  permission: name,
  resource: '',
  context: undefined,
  consistency: undefined,
  pageSize: 0,
  pageToken: '',
  ...change,
});
const read = (request: LookupUsersRequest, peer?: string) =>
  readStream(fixture, AuthzServiceService.lookupUsers, request, peer);

/** The whole list, which only counts as one if it says so. */
async function lookUp(name: string, change: Partial<LookupUsersRequest> = {}) {
  const { messages, end } = await read(asked(name, change));
  expect(end).toEqual(WELL);
  expect(messages.map(({ isComplete }) => isComplete)).toEqual(messages.map((_, at) => at === messages.length - 1));
  expect(messages.map(({ nextPageToken }) => nextPageToken === '')).toEqual(messages.map((each) => each.isComplete));
  return {
    messages,
    users: messages.flatMap(({ userIds }) => userIds),
    undetermined: messages.flatMap((each) => each.undetermined),
  };
}

async function isDenied(userId: string, name: string, resource: string): Promise<boolean> {
  const { permissions, nextPageToken } = await fixture.operator.listUserPermissions({
    userId,
    resource,
    context: undefined,
    consistency: { requirement: FULLY },
    pageSize: 200,
    pageToken: '',
  });
  expect(nextPageToken).toBe('');
  return permissions.some((each) => each.effect === Effect.EFFECT_DENY && matches(each.name, name));
}

const grantTo = (userId: string, roleId: string, change: Partial<typeof ALWAYS> = {}) =>
  fixture.operator.grantRole({ userId, roleId, reason: '', ...ALWAYS, ...change });

describe('the users who hold a permission', () => {
  it('are those of every role that holds it, on the resource and above it, in order and each once', async () => {
    const top = await fixture.role({ permissions: ['*:look'] });
    const below = await fixture.role({ parentRoleId: top });
    const other = await fixture.role({ permissions: ['things:other'] });
    const users = Array.from({ length: 7 }, () => randomUUID()).sort();
    const [everywhere = '', tenant = '', itself = '', elsewhere = '', deeper = '', wrong = '', suspended = ''] = users;
    await grantTo(everywhere, top);
    await grantTo(everywhere, below, { scope: 'tenant/7' });
    await grantTo(tenant, below, { scope: 'tenant/7' });
    await grantTo(itself, top, { scope: 'tenant/7/project/4' });
    await grantTo(elsewhere, top, { scope: 'tenant/70' });
    await grantTo(deeper, top, { scope: 'tenant/7/project/4/file/1' });
    await grantTo(wrong, other);
    await grantTo(suspended, top);
    await fixture.rows(`update authz.role_grants set status = 'suspended' where user_id = $1`, [suspended]);
    expect(await lookUp('things:look', { resource: 'tenant/7/project/4' })).toMatchObject({
      users: [everywhere, tenant, itself],
      undetermined: [],
    });
    expect((await lookUp('things:look')).users).toEqual([everywhere]);
    expect((await lookUp('nothing:holds-this')).users).toEqual(expect.not.arrayContaining(users));
  });

  it('are not those who are denied it, and apart those of whom it can not be told', async () => {
    const roleId = await fixture.role({ permissions: ['secrets:read'] });
    const denying = await fixture.operator.createRole({
      name: `role-${randomUUID()}`,
      description: '',
      parentRoleId: '',
      permissions: [],
      denialConditions: [],
      deniedPermissions: ['secrets:read'],
    });
    const [plain = '', denied = '', guarded = ''] = Array.from({ length: 3 }, () => randomUUID()).sort();
    await grantTo(plain, roleId);
    await grantTo(denied, roleId);
    await grantTo(denied, denying.role?.roleId ?? '');
    await grantTo(guarded, roleId, { condition: 'request.ip.inCidr("10.0.0.0/8")' });
    expect(await lookUp('secrets:read')).toMatchObject({
      users: [plain],
      undetermined: [{ userId: guarded, undetermined: 'The address of the caller is not known.' }],
    });
    const from = (ip: string) => ({ ip, authenticationLevel: 0, resourceAttributes: undefined, attributes: undefined });
    expect((await lookUp('secrets:read', { context: from('10.1.2.3') })).users).toEqual([plain, guarded].sort());
    expect(await lookUp('secrets:read', { context: from('11.1.2.3') })).toMatchObject({
      users: [plain],
      undetermined: [],
    });
  });

  it('come in messages of which each says where to go on, and only the last that it is', async () => {
    const roleId = await fixture.role({ permissions: ['many:read'] });
    const users = Array.from({ length: 23 }, () => randomUUID()).sort();
    for (const userId of users) await grantTo(userId, roleId);
    for (const pageSize of [1, 5, 22, 23, 24]) {
      const { messages, users: found } = await lookUp('many:read', { pageSize });
      expect(found).toEqual(users);
      expect(messages).toHaveLength(Math.ceil(23 / pageSize));
    }
    const { messages } = await lookUp('many:read', { pageSize: 5 });
    for (const [index, { nextPageToken: pageToken }] of messages.slice(0, -1).entries()) {
      const rest = await lookUp('many:read', { pageSize: 7, pageToken });
      expect(rest.users).toEqual(users.slice(5 * (index + 1)));
    }
  });

  it('are none in one message that says so', async () => {
    const { messages } = await lookUp('nobody:has');
    expect(messages).toEqual([{ userIds: [], undetermined: [], nextPageToken: '', isComplete: true }]);
  });

  it('are those of the moment, as soon as a grant or a role has changed', async () => {
    const userId = randomUUID();
    const roleId = await fixture.role();
    const token = await fixture.grant(userId, roleId);
    expect((await lookUp('fresh:read', { consistency: { requirement: atLeast(token) } })).users).toEqual([]);
    const heir = await fixture.role({ permissions: ['fresh:read'] });
    await fixture.grant(userId, heir);
    expect((await lookUp('fresh:read')).users).toEqual([userId]);
    await fixture.revoke(userId, heir);
    expect((await lookUp('fresh:read')).users).toEqual([]);
  });

  it('are exactly those whom Check allows, whatever the roles, scopes, times and conditions', async () => {
    const users = await storeRandomPolicies(fixture);
    let allowed = 0;
    let apart = 0;
    for (const name of NAMES) {
      for (const resource of RESOURCES.slice(0, 4)) {
        for (const context of CONTEXTS) {
          const found = await lookUp(name, { resource, context, pageSize: 9 });
          const items = users.map((userId) => ({ userId, permission: name, resource, context }));
          const { results } = await fixture.service
            .connectAs('app/test', AuthzServiceService)
            .batchCheck({ items, consistency: { requirement: FULLY } });
          const expected = users.filter((_, at) => results[at]?.decision === Decision.DECISION_ALLOWED).sort();
          const open = users.filter((_, at) => results[at]?.undetermined !== '').sort();
          expect(found.users, `${name} on "${resource}"`).toEqual(expected);
          const undetermined = found.undetermined.map(({ userId }) => userId);
          // Of two denials, one of them undetermined, either may be told; users who are denied nothing leave no choice.
          const differing = [...open, ...undetermined].filter(
            (id) => !(open.includes(id) && undetermined.includes(id)),
          );
          for (const userId of differing) expect(await isDenied(userId, name, resource)).toBe(true);
          allowed += expected.length;
          apart += open.length;
        }
      }
    }
    expect(allowed).toBeGreaterThan(50);
    expect(apart).toBeGreaterThan(3);
  });
});

it('ends with an error, and never as if it were whole, when the rest can not be read', async () => {
  const pages = [{ allowed: [randomUUID()], undetermined: [], next: randomUUID() }];
  const standIn = {
    decisions: {
      ...({} as Parameters<typeof lookupUsers>[0]['decisions']),
      standing: () => Promise.resolve({} as never),
    },
    holders: () => ({
      page: async () => {
        const page = pages.shift();
        if (!page) throw new Error('The database went away.');
        return page;
      },
    }),
  };
  const call = { signal: new AbortController().signal } as Call;
  const stream = lookupUsers(standIn)(asked('many:read'), call)[Symbol.asyncIterator]();
  expect(await stream.next()).toMatchObject({
    value: { isComplete: false, nextPageToken: expect.stringMatching(/./) },
  });
  await expect(stream.next()).rejects.toThrow('The database went away.');
});

it('is UNAVAILABLE while Postgres is out of reach', async () => {
  const cutOff = await startFixture({
    env: { GATEHOUSE_AUTHZ_POSTGRES_URL: 'postgres://gatehouse_authz:x@127.0.0.1:1/gatehouse' },
  });
  try {
    const { messages, end } = await readStream(cutOff, AuthzServiceService.lookupUsers, asked('a:b'));
    expect(messages).toEqual([]);
    expect(end).toEqual({ code: 14, reason: 'POSTGRES_UNAVAILABLE' });
  } finally {
    await cutOff.stop();
  }
});

describe('a lookup of users is refused', () => {
  it('with a page token of another list, or none at all', async () => {
    const roleId = await fixture.role({ permissions: ['tokens:read'] });
    for (let count = 0; count < 2; count += 1) await fixture.grant(randomUUID(), roleId);
    const { messages } = await lookUp('tokens:read', { pageSize: 1 });
    const pageToken = messages[0]?.nextPageToken ?? '';
    for (const wrong of [
      asked('tokens:write', { pageToken }),
      asked('tokens:read', { pageToken, resource: 'tenant/7' }),
      asked('tokens:read', { pageToken: 'next' }),
    ]) {
      expect((await read(wrong)).end).toEqual({ code: 3, reason: 'PAGE_TOKEN_INVALID' });
    }
  });

  it('with a consistency token that is none, or of a state that is not reached', async () => {
    const userId = randomUUID();
    const token = parseToken(await fixture.grant(userId, await fixture.role()));
    const tokens = [
      'AAAA',
      formatToken({ modelRevision: token.modelRevision + 5n }),
      formatToken({ modelRevision: token.modelRevision, user: { id: userId, revision: 7n } }),
    ];
    for (const wrong of tokens) {
      const { end } = await read(asked('a:b', { consistency: { requirement: atLeast(wrong) } }));
      expect(end).toEqual({ code: 3, reason: 'CONSISTENCY_TOKEN_INVALID' });
    }
  });

  it.each([
    ['a wildcard', asked('a:*')],
    ['a resource that is none', asked('a:b', { resource: 'tenant' })],
    ['too large a page', asked('a:b', { pageSize: 501 })],
  ])('with %s', async (_, request) => {
    expect((await read(request)).end).toEqual({ code: 3, reason: 'FIELD_INVALID' });
  });

  it.each(['stranger', 'edge/envoy', 'authz'])('to %s', async (peer) => {
    expect((await read(asked('a:b'), peer)).end).toEqual({ code: 7, reason: 'PEER_NOT_ALLOWED' });
  });
});
