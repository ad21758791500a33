import { randomUUID } from 'node:crypto';
import { covers, matches } from '@gatehouse/client/policy';
import { Decision, GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import {
  type AccessChange,
  AccessChangeKind,
  type GrantChange,
  Holding,
  type PortableGrant,
  type SimulateChangeRequest,
  type SimulateChangeResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Fixture, FULLY, startFixture } from './fixture.ts';
import { endGrant } from './grants.ts';
import { apply, arrayOf, clear, policyOf, type Sketch } from './policies.ts';
import { randomDocument } from './random-documents.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
beforeEach(() => clear(fixture));
afterAll(async () => {
  await fixture?.stop();
});

const ASKED = { isComplete: true, prune: false, pageSize: 0, pageToken: '' } satisfies Partial<SimulateChangeRequest>;
const request = (
  sketch: Sketch,
  grantChanges: GrantChange[] = [],
  options: Partial<SimulateChangeRequest> = {},
): SimulateChangeRequest => ({ ...ASKED, policy: policyOf(sketch), grantChanges, ...options });
const read = (...requests: SimulateChangeRequest[]) => arrayOf(fixture.policies.simulateChange(requests));
const simulate = async (...given: Parameters<typeof request>) => whole(await read(request(...given)));
const whole = (messages: readonly SimulateChangeResponse[]) => {
  expect(messages.map(({ isComplete }) => isComplete)).toEqual(
    messages.map((_, index) => index === messages.length - 1),
  );
  return messages.flatMap(({ changes }) => changes);
};

const named = (value: string) => ({ $case: 'roleName' as const, value });
const portable = (userId: string, role: string, change: Partial<PortableGrant> = {}): PortableGrant => ({
  userId,
  role: named(role),
  scope: '',
  validFrom: undefined,
  validUntil: undefined,
  condition: '',
  reason: '',
  status: GrantStatus.GRANT_STATUS_UNSPECIFIED,
  ...change,
});
const granting = (...given: Parameters<typeof portable>): GrantChange => ({
  change: { $case: 'grant', value: portable(...given) },
});
const revoking = (userId: string, role: string, scope = ''): GrantChange => ({
  change: { $case: 'revoke', value: { userId, role: named(role), scope } },
});
const give = async (...grants: PortableGrant[]) => {
  for (let from = 0; from < grants.length; from += 500) {
    const [answer] = await arrayOf(fixture.policies.importGrants([{ grants: grants.slice(from, from + 500) }]));
    expect(answer?.refused).toEqual([]);
  }
};
const users = (count: number) => Array.from({ length: count }, () => randomUUID()).sort();
const roleId = async (name: string) => {
  const [row] = await fixture.rows<{ id: string }>('select id from authz.roles where name = $1', [name]);
  return row?.id ?? '';
};
/** `loses files:read on tenant/7 by writer > reader`. */
const words = ({ kind, permission, scope, roles, isDenial }: AccessChange) =>
  `${SIGN[kind]} ${permission}${scope === '' ? '' : ` on ${scope}`} by ${roles.join(' > ')}${isDenial ? ' (denial)' : ''}`;
const SIGN = { 0: '?', 1: 'gains', 2: 'loses', 3: 'alters', [-1]: '?' } satisfies Record<AccessChangeKind, string>;
const told = (changes: readonly AccessChange[]) => changes.map((each) => [each.userId, words(each)]);

const MODEL: Sketch = {
  permissions: ['files:read', 'files:write', 'files:*'],
  roles: [
    { name: 'reader', permissions: ['files:read'] },
    { name: 'writer', parent: 'reader', permissions: ['files:write'] },
    { name: 'all', permissions: ['files:*'] },
    { name: 'guest' },
  ],
};

describe('simulating a change', () => {
  it('tells what a document takes and gives, through which roles, and nothing that another grant holds', async () => {
    await apply(fixture.policies, MODEL);
    const [ada = '', bob = '', cai = '', dan = ''] = users(4);
    await give(
      portable(ada, 'writer', { scope: 'tenant/7' }),
      portable(bob, 'reader'),
      portable(cai, 'reader', { scope: 'tenant/7' }),
      portable(cai, 'all'),
      portable(dan, 'guest'),
    );
    const change: Sketch = {
      permissions: [{ name: 'files:write', condition: 'request.authentication_level >= 2' }],
      roles: [
        { name: 'reader', parent: 'audit' },
        { name: 'audit', permissions: ['logs:read'] },
      ],
    };
    const changes = await simulate({ ...change, permissions: [...(change.permissions ?? []), 'logs:read'] });
    expect(told(changes)).toEqual([
      [ada, 'loses files:read on tenant/7 by writer > reader'],
      [ada, 'loses files:write on tenant/7 by writer'],
      [ada, 'gains logs:read on tenant/7 by writer > reader > audit'],
      [bob, 'loses files:read by reader'],
      [bob, 'gains logs:read by reader > audit'],
      [cai, 'gains logs:read on tenant/7 by reader > audit'],
    ]);
    expect(changes[1]).toMatchObject({ before: Holding.HOLDING_FULL, after: Holding.HOLDING_LIMITED });
  });

  it('tells what grants bring and take, of a role that the document makes as well', async () => {
    await apply(fixture.policies, MODEL);
    const [ada = '', bob = ''] = users(2);
    await give(portable(ada, 'writer'), portable(bob, 'writer', { scope: 'tenant/7' }));
    const byId: GrantChange = {
      change: {
        $case: 'revoke',
        value: { userId: bob, role: { $case: 'roleId', value: await roleId('writer') }, scope: 'tenant/7' },
      },
    };
    const changes = await simulate({ permissions: ['new:do'], roles: [{ name: 'fresh', permissions: ['new:do'] }] }, [
      revoking(ada, 'writer'),
      granting(ada, 'reader', { scope: 'a/1' }),
      granting(ada, 'fresh', { validUntil: new Date(Date.now() + 3_600_000) }),
      granting(ada, 'all', { status: GrantStatus.GRANT_STATUS_PENDING }),
      byId,
    ]);
    expect(told(changes)).toEqual([
      [ada, 'loses files:read by writer > reader'],
      [ada, 'loses files:write by writer'],
      [ada, 'gains new:do by fresh'],
      [bob, 'loses files:read on tenant/7 by writer > reader'],
      [bob, 'loses files:write on tenant/7 by writer'],
    ]);
    expect(changes[2]).toMatchObject({ before: Holding.HOLDING_NONE, after: Holding.HOLDING_LIMITED });
  });

  it('tells of denials, and of roles that would be pruned', async () => {
    await apply(fixture.policies, MODEL);
    const [ada = ''] = users(1);
    await give(portable(ada, 'all'), portable(ada, 'guest', { scope: 'tenant/7' }));
    const deny = { roles: [{ name: 'guest', deniedPermissions: ['files:write'] }] };
    expect(told(await simulate(deny))).toEqual([[ada, 'loses files:write on tenant/7 by guest (denial)']]);
    expect(told(await simulate({}, [], { prune: true }))).toEqual([[ada, 'loses files:* by all']]);
  });

  it('tells of the condition of a denial that changes, and nothing of one of a permission that is denied', async () => {
    await apply(fixture.policies, MODEL);
    const [ada = ''] = users(1);
    await give(portable(ada, 'all'), portable(ada, 'guest'));
    const guest = { name: 'guest', deniedPermissions: ['files:write'] };
    const under = (condition: string) => [{ permission: 'files:write', condition }];
    await apply(fixture.policies, { roles: [guest] });
    const limited = { roles: [{ ...guest, denialConditions: under('context.shut == true') }] };
    const [gained] = await simulate(limited);
    expect(told(gained ? [gained] : [])).toEqual([[ada, 'gains files:write by guest (denial)']]);
    expect(gained).toMatchObject({ before: Holding.HOLDING_NONE, after: Holding.HOLDING_LIMITED });
    await apply(fixture.policies, limited);
    const other = { roles: [{ ...guest, denialConditions: under('context.shut == false') }] };
    expect(told(await simulate(other))).toEqual([[ada, 'alters files:write by guest (denial)']]);
    const permissions = [{ name: 'files:write', condition: 'context.open == true' }];
    expect(told(await simulate({ ...limited, permissions }))).toEqual([]);
  });

  it('counts only grants that are active and have not ended', async () => {
    await apply(fixture.policies, MODEL);
    const [ada = '', bob = ''] = users(2);
    await give(portable(ada, 'reader', { status: GrantStatus.GRANT_STATUS_SUSPENDED }), portable(bob, 'reader'));
    const { grants } = await fixture.grants.listGrants({
      of: { $case: 'userId', value: bob },
      includeEnded: false,
      pageSize: 0,
      pageToken: '',
    });
    const [listed] = grants;
    if (!listed?.grant) throw new Error('There is no grant.');
    await endGrant(fixture, listed.grant);
    expect(await simulate({ roles: [{ name: 'reader' }] })).toEqual([]);
  });

  it('changes nothing', async () => {
    await apply(fixture.policies, MODEL);
    await give(portable(randomUUID(), 'reader'));
    const traces = () =>
      fixture.rows(
        `select (select revision from authz.model_revision), (select count(*) from authz.outbox) as events,
           (select count(*) from authz.roles) as roles, (select count(*) from authz.role_grants) as grants`,
      );
    const before = await traces();
    expect(await simulate({ roles: [{ name: 'reader' }, { name: 'new' }] }, [], { prune: true })).toHaveLength(1);
    expect(await traces()).toEqual(before);
  });

  it.each([
    ['few roles', 1],
    ['many', 250],
  ])('is whole over pages, for %s, and goes on where it is told', async (_title, count) => {
    const roles = Array.from({ length: count }, (_, index) => ({ name: `role${index}`, permissions: ['a:b'] }));
    await apply(fixture.policies, { permissions: ['a:b'], roles: [...roles, { name: 'idle' }] });
    const ids = users(30);
    await give(
      ...ids.flatMap((userId, index) => [
        portable(userId, `role${index % count}`),
        portable(userId, `role${index % count}`, { scope: 'tenant/7' }),
      ]),
      ...users(5).map((userId) => portable(userId, 'idle')),
    );
    const change: Sketch = { roles: roles.map(({ name }) => ({ name })) };
    const messages = await read(request(change, [], { pageSize: 7 }));
    expect(messages.map(({ changes }) => changes.length)).toEqual([7, 7, 7, 7, 2]);
    expect(whole(messages).map(({ userId }) => userId)).toEqual(ids);
    const rest = await read(request(change, [], { pageSize: 20, pageToken: messages[1]?.nextPageToken ?? '' }));
    expect(whole(rest).map(({ userId }) => userId)).toEqual(ids.slice(14));
    await apply(fixture.policies, { roles: [{ name: 'idle', description: 'Other' }] });
    await expect(read(request(change, [], { pageToken: messages[1]?.nextPageToken ?? '' }))).rejects.toMatchObject({
      kind: 'conflict',
      reason: 'MODEL_CHANGING',
    });
  });

  it('tells of one user in several messages, all of whom go on with that user but the last', async () => {
    const permissions = Array.from({ length: 700 }, (_, index) => `many:p${index}`);
    await apply(fixture.policies, { permissions, roles: [{ name: 'wide', permissions }] });
    const [ada = '', bob = ''] = users(2);
    await give(portable(ada, 'wide'), portable(bob, 'wide'));
    const messages = await read(request({ roles: [{ name: 'wide' }] }));
    expect(messages.map(({ changes }) => changes.length)).toEqual([500, 500, 400]);
    const again = await read(
      request({ roles: [{ name: 'wide' }] }, [], { pageToken: messages[1]?.nextPageToken ?? '' }),
    );
    expect(new Set(whole(again).map(({ userId }) => userId))).toEqual(new Set([bob]));
  });

  it('takes what is to be tried in parts', async () => {
    await apply(fixture.policies, MODEL);
    const [ada = ''] = users(1);
    const first = { ...request({ permissions: ['x:y'] }), isComplete: false };
    const second = { ...request({ roles: [{ name: 'x', permissions: ['x:y'] }] }), isComplete: false };
    const last = { ...request({}, [granting(ada, 'x')]), policy: undefined };
    expect(told(whole(await read(first, second, last)))).toEqual([[ada, 'gains x:y by x']]);
  });

  it('tells each difference that applying then makes', async () => {
    const names = ['a:r', 'a:w', 'b:r', 'c:x', 'd:r', 'd:d'];
    const resources = ['', 't/1', 't/1/p/1'];
    const ids = users(5);
    const items = ids.flatMap((userId) =>
      names.flatMap((permission) =>
        resources.map((resource) => ({ userId, permission, resource, context: undefined })),
      ),
    );
    const ask = async () =>
      (await fixture.operator.batchCheck({ items, consistency: { requirement: FULLY } })).results.map(
        ({ decision }) => decision === Decision.DECISION_ALLOWED,
      );
    const { next: draw } = seededChance();
    for (let run = 0; run < rounds(12, 3); run += 1) {
      await clear(fixture);
      const document = { ...randomDocument(), exclusions: [] };
      const next = { ...randomDocument(), exclusions: [] };
      await apply(fixture.policies, document);
      const roles = document.roles.map(({ name }) => name);
      const grants = ids.flatMap((userId) =>
        roles.filter(() => draw() < 0.4).map((role) => portable(userId, role, { scope: draw() < 0.5 ? '' : 't/1' })),
      );
      if (grants.length > 0) await give(...grants);
      const before = await ask();
      const changes = await simulate(next);
      await apply(fixture.policies, next);
      const after = await ask();
      for (const [index, { userId, permission, resource }] of items.entries()) {
        if (before[index] === after[index]) continue;
        const kinds = changes
          .filter(
            (each) => each.userId === userId && matches(each.permission, permission) && covers(each.scope, resource),
          )
          .map(({ kind }) => kind);
        const expected = after[index]
          ? AccessChangeKind.ACCESS_CHANGE_KIND_GAINS
          : AccessChangeKind.ACCESS_CHANGE_KIND_LOSES;
        expect(kinds.some((kind) => kind === expected || kind === AccessChangeKind.ACCESS_CHANGE_KIND_ALTERS)).toBe(
          true,
        );
      }
    }
  });
});

describe('a simulation is refused', () => {
  const invalid = (...problems: [field: string, reason: string][]) => ({
    kind: 'invalid',
    reason: 'POLICY_INVALID',
    fields: problems.map(([field, reason]) => ({ field, description: expect.stringMatching(`^${reason}: `) })),
  });

  it('for what a document is refused', async () => {
    await expect(simulate({ roles: [{ name: 'r', parent: 'absent' }] })).rejects.toMatchObject(
      invalid(['policy.roles[0].parent', 'PARENT_ROLE_NOT_FOUND']),
    );
    await expect(simulate({ permissions: ['a:b', 'a:b'] })).rejects.toMatchObject(
      invalid(['policy.permissions[1].name', 'NAME_TWICE']),
    );
    await apply(fixture.policies, { roles: [{ name: 'a' }, { name: 'b' }], exclusions: [['a', 'b']] });
    await expect(simulate({ roles: [{ name: 'a', parent: 'b' }] })).rejects.toMatchObject({ reason: 'ROLES_EXCLUDED' });
    await fixture.rows(`update authz.roles set is_system_role = true where name = 'a'`);
    await expect(simulate({ roles: [{ name: 'a', description: 'x' }] })).rejects.toMatchObject({
      reason: 'SYSTEM_ROLE_PROTECTED',
    });
  });

  it('for changes of grants that could not be made', async () => {
    await apply(fixture.policies, MODEL);
    const [ada = ''] = users(1);
    await give(portable(ada, 'reader'));
    const unknown: GrantChange = {
      change: { $case: 'grant', value: { ...portable(ada, ''), role: { $case: 'roleId', value: randomUUID() } } },
    };
    await expect(
      simulate({}, [
        granting(ada, 'absent'),
        unknown,
        granting(ada, 'reader'),
        granting(ada, 'writer', { condition: '(' }),
        granting(ada, 'all', { validUntil: new Date(0) }),
        revoking(ada, 'guest'),
        revoking(ada, 'reader', 'tenant/7'),
        revoking(ada, 'unheard-of'),
        granting(ada, 'guest'),
        granting(ada, 'guest'),
      ]),
    ).rejects.toMatchObject(
      invalid(
        ['grant_changes[0]', 'ROLE_NOT_FOUND'],
        ['grant_changes[1]', 'ROLE_NOT_FOUND'],
        ['grant_changes[2]', 'GRANT_EXISTS'],
        ['grant_changes[3]', 'CONDITION_INVALID'],
        ['grant_changes[4]', 'GRANT_PERIOD_INVALID'],
        ['grant_changes[5]', 'GRANT_NOT_FOUND'],
        ['grant_changes[6]', 'GRANT_NOT_FOUND'],
        ['grant_changes[7]', 'GRANT_NOT_FOUND'],
        ['grant_changes[9]', 'GRANT_EXISTS'],
      ),
    );
    expect(await simulate({}, [granting(ada, 'writer'), revoking(ada, 'writer')])).toEqual([]);
    // Revoked and made again, on other terms.
    expect(
      told(await simulate({}, [revoking(ada, 'reader'), granting(ada, 'reader', { condition: 'context.a == 1' })])),
    ).toEqual([[ada, 'loses files:read by reader']]);
  });

  it('when it does not end, is too large, or contradicts itself', async () => {
    await expect(read({ ...request({}), isComplete: false })).rejects.toMatchObject({ reason: 'POLICY_INCOMPLETE' });
    const many = (count: number) => Array.from({ length: count }, () => granting(randomUUID(), 'x'));
    await expect(read({ ...request({}, many(600)), isComplete: false }, request({}, many(600)))).rejects.toMatchObject({
      kind: 'limited',
      reason: 'POLICY_TOO_LARGE',
    });
    await expect(
      read({ ...request({}), isComplete: false }, request({}, [], { prune: true, pageSize: 7, pageToken: 'x' })),
    ).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: ['prune', 'page_size', 'page_token'].map((field) => expect.objectContaining({ field })),
    });
    await expect(simulate({}, [{ change: undefined }])).rejects.toMatchObject({ reason: 'FIELD_INVALID' });
  });

  it('with a page token of another simulation', async () => {
    await apply(fixture.policies, MODEL);
    await give(...users(3).map((userId) => portable(userId, 'reader')));
    const [page] = await read(request({ roles: [{ name: 'reader' }] }, [], { pageSize: 1 }));
    const pageToken = page?.nextPageToken ?? '';
    expect(pageToken).not.toBe('');
    for (const other of [
      request({ roles: [{ name: 'writer' }] }, [], { pageToken }),
      request({ roles: [{ name: 'reader' }] }, [], { pageToken, prune: true }),
      request({ roles: [{ name: 'reader' }] }, [], { pageToken: 'next' }),
    ]) {
      await expect(read(other)).rejects.toMatchObject({ kind: 'invalid', reason: 'PAGE_TOKEN_INVALID' });
    }
  });
});
