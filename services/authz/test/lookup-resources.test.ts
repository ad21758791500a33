import { randomUUID } from 'node:crypto';
import { covers } from '@gatehouse/client/policy';
import {
  AuthzServiceService,
  Decision,
  type HeldScope,
  type LookupResourcesRequest,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatToken } from '../src/domain/consistency.ts';
import { ALWAYS, atLeast, type Fixture, FULLY, startFixture } from './fixture.ts';
import { CONTEXTS, NAMES, RESOURCES, storeRandomPolicies } from './random-policies.ts';
import { readStream, WELL } from './read-stream.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const asked = (
  userId: string,
  permission: string,
  change: Partial<LookupResourcesRequest> = {},
): LookupResourcesRequest => ({
  userId,
  permission,
  resourceType: '',
  context: undefined,
  consistency: { requirement: FULLY },
  pageSize: 0,
  pageToken: '',
  ...change,
});
const read = (request: LookupResourcesRequest, peer?: string) =>
  readStream(fixture, AuthzServiceService.lookupResources, request, peer);

/** The whole list, which only counts as one if it says so. */
async function lookUp(userId: string, permission: string, change: Partial<LookupResourcesRequest> = {}) {
  const { messages, end } = await read(asked(userId, permission, change));
  expect(end).toEqual(WELL);
  expect(messages.map(({ isComplete }) => isComplete)).toEqual(messages.map((_, at) => at === messages.length - 1));
  expect(messages.map(({ nextPageToken }) => nextPageToken === '')).toEqual(messages.map((each) => each.isComplete));
  return { messages, scopes: messages.flatMap(({ scopes }) => scopes) };
}

const grantTo = (userId: string, roleId: string, change: Partial<typeof ALWAYS> = {}) =>
  fixture.operator.grantRole({ userId, roleId, reason: '', ...ALWAYS, ...change });
const on = (scope: string, decision: Decision = Decision.DECISION_ALLOWED): HeldScope => ({
  everywhere: scope === '',
  scope,
  decision,
  undetermined: '',
});
const except = (scope: string) => on(scope, Decision.DECISION_DENIED);

async function denyingRole(name: string): Promise<string> {
  await fixture.role({ permissions: [name] });
  const { role } = await fixture.operator.createRole({
    name: `role-${randomUUID()}`,
    description: '',
    parentRoleId: '',
    permissions: [],
    denialConditions: [],
    deniedPermissions: [name],
  });
  return role?.roleId ?? '';
}

describe('where a user holds a permission', () => {
  it('is each scope of a grant, but for what lies below another', async () => {
    const userId = randomUUID();
    const roleId = await fixture.role({ permissions: ['places:*'] });
    for (const scope of ['tenant/7', 'tenant/7/project/1', 'tenant/70', 'tenant/8/project/2']) {
      await grantTo(userId, roleId, { scope });
    }
    await grantTo(userId, await fixture.role({ permissions: ['others:read'] }), { scope: 'tenant/9' });
    const { scopes } = await lookUp(userId, 'places:read');
    expect(scopes).toEqual([on('tenant/7'), on('tenant/70'), on('tenant/8/project/2')]);
    expect(await lookUp(randomUUID(), 'places:read')).toMatchObject({ scopes: [], messages: [{ isComplete: true }] });
  });

  it('is everywhere first, and then what is excepted, and excepted from that', async () => {
    const userId = randomUUID();
    await grantTo(userId, await fixture.role({ permissions: ['vault:open'] }));
    await grantTo(userId, await denyingRole('vault:open'), { scope: 'tenant/7' });
    expect((await lookUp(userId, 'vault:open')).scopes).toEqual([on(''), except('tenant/7')]);
  });

  it('leaves out what lies below a resource of the type, and nothing under which one may lie', async () => {
    const userId = randomUUID();
    const roleId = await fixture.role({ permissions: ['typed:read'] });
    for (const scope of ['tenant/7', 'tenant/8/project/2', 'tenant/9/project/3/file/1']) {
      await grantTo(userId, roleId, { scope });
    }
    expect((await lookUp(userId, 'typed:read', { resourceType: 'project' })).scopes).toEqual([
      on('tenant/7'),
      on('tenant/8/project/2'),
    ]);
  });

  it('can not be told where a condition looks at the resource', async () => {
    const userId = randomUUID();
    const roleId = await fixture.role({ permissions: ['owned:read'] });
    await grantTo(userId, roleId, { scope: 'tenant/7', condition: 'resource.owner == request.user_id' });
    await grantTo(userId, roleId, { scope: 'tenant/8', condition: 'context.open == true' });
    const context = {
      ip: '',
      authenticationLevel: 0,
      resourceAttributes: { owner: userId },
      attributes: { open: true },
    };
    const undetermined = 'It depends on the resource that is asked about.';
    expect((await lookUp(userId, 'owned:read', { context })).scopes).toEqual([
      { ...on('tenant/7', Decision.DECISION_UNSPECIFIED), undetermined },
      on('tenant/8'),
    ]);
  });

  it('comes in messages of which each says where to go on, and only the last that it is', async () => {
    const userId = randomUUID();
    const roleId = await fixture.role({ permissions: ['many:read'] });
    const scopes = Array.from({ length: 23 }, (_, index) => `tenant/${index}`).sort();
    for (const scope of scopes) await grantTo(userId, roleId, { scope });
    for (const pageSize of [1, 5, 22, 23, 24]) {
      const { messages, scopes: found } = await lookUp(userId, 'many:read', { pageSize });
      expect(found).toEqual(scopes.map((scope) => on(scope)));
      expect(messages).toHaveLength(Math.ceil(23 / pageSize));
    }
    const { messages } = await lookUp(userId, 'many:read', { pageSize: 5 });
    for (const [index, { nextPageToken: pageToken }] of messages.slice(0, -1).entries()) {
      const rest = await lookUp(userId, 'many:read', { pageSize: 7, pageToken });
      expect(rest.scopes).toEqual(scopes.slice(5 * (index + 1)).map((scope) => on(scope)));
    }
  });

  it('is where Check allows it, on every resource, whatever the conditions', async () => {
    // Each check is read from Postgres: a third of the users will do.
    const users = (await storeRandomPolicies(fixture)).slice(0, 8);
    // Below every scope of a grant there is more.
    const resources = [...RESOURCES, ...RESOURCES.map((each) => (each === '' ? 'z/9' : `${each}/z/9`))];
    let allowed = 0;
    for (const userId of users) {
      for (const name of NAMES) {
        for (const context of CONTEXTS) {
          const { scopes } = await lookUp(userId, name, { context, pageSize: 2 });
          const items = resources.map((resource) => ({ userId, permission: name, resource, context }));
          const { results } = await fixture.service
            .connectAs('app/test', AuthzServiceService)
            .batchCheck({ items, consistency: { requirement: FULLY } });
          for (const [index, resource] of resources.entries()) {
            const lowest = scopes.filter(({ scope }) => covers(scope, resource)).at(-1);
            if (lowest?.decision === Decision.DECISION_UNSPECIFIED) continue;
            const expected = lowest?.decision ?? Decision.DECISION_DENIED;
            expect(results[index]?.decision, `${name} on "${resource}"`).toBe(expected);
            if (expected === Decision.DECISION_ALLOWED) allowed += 1;
          }
        }
      }
    }
    expect(allowed).toBeGreaterThan(10);
  });
});

it('is UNAVAILABLE while Postgres is out of reach', async () => {
  const cutOff = await startFixture({
    env: { GATEHOUSE_AUTHZ_POSTGRES_URL: 'postgres://gatehouse_authz:x@127.0.0.1:1/gatehouse' },
  });
  try {
    const { messages, end } = await readStream(cutOff, AuthzServiceService.lookupResources, asked(randomUUID(), 'a:b'));
    expect(messages).toEqual([]);
    expect(end).toEqual({ code: 14, reason: 'POSTGRES_UNAVAILABLE' });
  } finally {
    await cutOff.stop();
  }
});

describe('a lookup of resources is refused', () => {
  it('with a page token of another list, or none at all', async () => {
    const userId = randomUUID();
    const roleId = await fixture.role({ permissions: ['tokens:read'] });
    for (const scope of ['tenant/1', 'tenant/2']) await grantTo(userId, roleId, { scope });
    const { messages } = await lookUp(userId, 'tokens:read', { pageSize: 1 });
    const pageToken = messages[0]?.nextPageToken ?? '';
    for (const wrong of [
      asked(randomUUID(), 'tokens:read', { pageToken }),
      asked(userId, 'tokens:write', { pageToken }),
      asked(userId, 'tokens:read', { pageToken, resourceType: 'tenant' }),
      asked(userId, 'tokens:read', { pageToken: 'next' }),
    ]) {
      expect((await read(wrong)).end).toEqual({ code: 3, reason: 'PAGE_TOKEN_INVALID' });
    }
  });

  it('with a consistency token of a state that is not reached', async () => {
    const consistency = { requirement: atLeast(formatToken({ modelRevision: 2n ** 40n })) };
    const { end } = await read(asked(randomUUID(), 'a:b', { consistency }));
    expect(end).toEqual({ code: 3, reason: 'CONSISTENCY_TOKEN_INVALID' });
  });

  it.each([
    ['a user that is none', asked('ada', 'a:b')],
    ['a wildcard', asked(randomUUID(), 'a:*')],
    ['a type that is none', asked(randomUUID(), 'a:b', { resourceType: 'a/b' })],
    ['too large a page', asked(randomUUID(), 'a:b', { pageSize: 501 })],
  ])('with %s', async (_, request) => {
    expect((await read(request)).end).toEqual({ code: 3, reason: 'FIELD_INVALID' });
  });

  it.each(['stranger', 'edge/envoy', 'authz'])('to %s', async (peer) => {
    expect((await read(asked(randomUUID(), 'a:b'), peer)).end).toEqual({ code: 7, reason: 'PEER_NOT_ALLOWED' });
  });
});
