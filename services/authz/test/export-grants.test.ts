import { randomUUID } from 'node:crypto';
import { GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { PortableGrant } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Fixture, startFixture } from './fixture.ts';
import { endGrant, makeGrant } from './grants.ts';
import { arrayOf } from './policies.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const ALL = { pageSize: 0, pageToken: '' };
const read = (request = ALL) => arrayOf(fixture.policies.exportGrants(request));
const LATER = new Date(Date.now() + 3_600_000);

it('lists all grants that have not ended, whole, by user, and goes on where it is told', async () => {
  expect(await read()).toEqual([{ grants: [], nextPageToken: '', isComplete: true, conditionProblems: [] }]);
  const roleId = await fixture.role({ name: 'porter' });
  const users = Array.from({ length: 5 }, () => randomUUID()).sort();
  for (const userId of users) {
    await makeGrant(fixture, { userId, roleId });
    await makeGrant(fixture, { userId, roleId, scope: 'tenant/7' });
  }
  await endGrant(fixture, await makeGrant(fixture, { roleId }));
  const whole = await read();
  expect(whole.map(({ isComplete, nextPageToken }) => [isComplete, nextPageToken])).toEqual([[true, '']]);
  const grants = whole[0]?.grants ?? [];
  expect(grants.map(({ userId, scope }) => [userId, scope])).toEqual(
    users.flatMap((userId) => [
      [userId, ''],
      [userId, 'tenant/7'],
    ]),
  );
  expect(grants[0]).toEqual({
    userId: users[0],
    role: { $case: 'roleName', value: 'porter' },
    scope: '',
    validFrom: undefined,
    validUntil: undefined,
    condition: '',
    reason: '',
    status: GrantStatus.GRANT_STATUS_ACTIVE,
  });
  const paged = await read({ pageSize: 3, pageToken: '' });
  expect(paged.map(({ grants: page, isComplete }) => [page.length, isComplete])).toEqual([
    [3, false],
    [3, false],
    [3, false],
    [1, true],
  ]);
  expect(paged.flatMap((page) => page.grants)).toEqual(grants);
  const rest = await read({ pageSize: 3, pageToken: paged[1]?.nextPageToken ?? '' });
  expect(rest.flatMap((page) => page.grants)).toEqual(grants.slice(6));
  // A page that holds all there is says so.
  expect((await read({ pageSize: 10, pageToken: '' })).map(({ isComplete }) => isComplete)).toEqual([true]);
});

it('refuses a page token that it has not given', async () => {
  await expect(read({ pageSize: 0, pageToken: 'next' })).rejects.toMatchObject({
    kind: 'invalid',
    reason: 'PAGE_TOKEN_INVALID',
  });
});

it('comes in messages that ImportGrants takes as they are, and brings back what is lost', async () => {
  const reason = 'r'.repeat(1_000);
  const condition = `request.authentication_level >= 2 || context.a == "${'c'.repeat(900)}"`;
  const statuses = [
    GrantStatus.GRANT_STATUS_ACTIVE,
    GrantStatus.GRANT_STATUS_SUSPENDED,
    GrantStatus.GRANT_STATUS_PENDING,
  ];
  const grants = Array.from(
    { length: 200 },
    (_, index): PortableGrant => ({
      userId: randomUUID(),
      role: { $case: 'roleName', value: 'porter' },
      scope: 'tenant/9',
      validFrom: new Date(index * 1_001),
      validUntil: LATER,
      condition,
      reason,
      status: statuses[index % 3] ?? 0,
    }),
  );
  await arrayOf(fixture.policies.importGrants([{ grants: grants.slice(0, 100) }, { grants: grants.slice(100) }]));
  const messages = await read();
  expect(messages.length).toBeGreaterThan(2);
  const sent = messages.map((message) => ({ grants: message.grants }));
  const count = messages.flatMap((message) => message.grants).length;
  const sum = async () => {
    const answers = await arrayOf(fixture.policies.importGrants(sent));
    expect(answers.flatMap(({ refused }) => refused)).toEqual([]);
    return [
      answers.reduce((all, { granted }) => all + granted, 0),
      answers.reduce((all, { unchanged }) => all + unchanged, 0),
    ];
  };
  expect(await sum()).toEqual([0, count]);
  await fixture.rows('delete from authz.role_grants');
  expect(await sum()).toEqual([count, 0]);
  const again = (await read()).flatMap((message) => message.grants);
  const key = (each: PortableGrant) => `${each.userId} ${each.scope}`;
  const sorted = (all: PortableGrant[]) => all.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  expect(sorted(again)).toEqual(sorted(messages.flatMap((message) => message.grants)));
});
