import { randomUUID } from 'node:crypto';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { createTestDatabase, type RedisInstance, startRedis, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { atLeast, type Fixture, FULLY, isAllowed, permission, question, startFixture } from './fixture.ts';

let redis: RedisInstance;
let database: TestDatabase;
let instances: Fixture[];

beforeAll(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('authz')]);
  // Memory for five users of twelve, so that all three layers answer.
  const env = { GATEHOUSE_AUTHZ_L1_ENTRIES: '5' };
  instances = await Promise.all(['a', 'b'].map((instance) => startFixture({ redis, database, instance, env })));
});
afterAll(async () => {
  await Promise.all((instances ?? []).map((instance) => instance.stop()));
  await redis?.stop();
  await database?.drop();
});

const NAMES = ['a:r', 'a:w', 'b:r', 'b:w', 'a:*', 'b:*', '*:r', '*:w', '*:*'];
const QUESTIONS = ['a:r', 'a:w', 'b:r', 'b:w', 'c:r', 'c:x'];
const USERS = Array.from({ length: 12 }, () => randomUUID());
const ROUNDS = 120;
const CHECKS_IN_ROUND = 25;

interface PlainRole {
  readonly id: string;
  readonly parent: PlainRole | undefined;
  readonly names: readonly string[];
}

/** What the service should think, kept in the plainest form. */
const roles: PlainRole[] = [];
const held = new Map<string, Set<PlainRole>>(USERS.map((userId) => [userId, new Set()]));
/** The token of the last change to each user. */
const tokens = new Map<string, string>();

function evaluate(userId: string, question: string): boolean {
  const [resource, action] = question.split(':');
  const holds = (role: PlainRole | undefined): boolean =>
    role !== undefined &&
    (role.names.some((name) => {
      const [left, right] = name.split(':');
      return (left === '*' || left === resource) && (right === '*' || right === action);
    }) ||
      holds(role.parent));
  return [...(held.get(userId) ?? [])].some(holds);
}

const pick = <T>(from: readonly T[]): T => {
  const one = from[Math.floor(Math.random() * from.length)];
  if (one === undefined) throw new Error('Nothing to pick from.');
  return one;
};
const some = <T>(from: readonly T[], most: number): T[] => [
  ...new Set(Array.from({ length: Math.floor(Math.random() * (most + 1)) }, () => pick(from))),
];

async function createSomeRole(): Promise<void> {
  const parent = roles.length > 0 && Math.random() < 0.6 ? pick(roles) : undefined;
  const names = some(NAMES, 2);
  const { role } = await pick(instances).operator.createRole({
    name: `role-${roles.length}`,
    description: '',
    parentRoleId: parent?.id ?? '',
    permissions: names,
    deniedPermissions: [],
  });
  roles.push({ id: role?.roleId ?? '', parent, names });
}

async function changeSomeGrant(): Promise<void> {
  const [userId, role] = [pick(USERS), pick(roles)];
  const has = held.get(userId);
  const isRevoked = has?.delete(role);
  if (!isRevoked) has?.add(role);
  tokens.set(userId, await pick(instances)[isRevoked ? 'revoke' : 'grant'](userId, role.id));
}

const TIMEOUT_MS = 60_000;

it('answers three thousand checks as a plain evaluator does, between changes on either of two instances', {
  timeout: TIMEOUT_MS,
}, async () => {
  const clients = instances.map(({ service }) => service.connectAs('app/test', AuthzServiceService));
  for (const name of NAMES) await instances[0]?.operator.createPermission(permission(name));
  let allowed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    if (round < 3 || round % 8 === 0) await createSomeRole();
    await changeSomeGrant();
    await Promise.all(
      Array.from({ length: CHECKS_IN_ROUND }, async (_, index) => {
        const [userId, asked] = [pick(USERS), pick(QUESTIONS)];
        const expected = evaluate(userId, asked);
        // A user without changes needs no token: nothing about that user can be stale.
        const token = tokens.get(userId);
        const requirement = index % 5 === 0 ? FULLY : token === undefined ? undefined : atLeast(token);
        const consistency = requirement && { requirement };
        const { decision } = await pick(clients).check({ ...question(userId, asked), consistency });
        if (expected) allowed += 1;
        expect(isAllowed(decision), `round ${round}: ${asked} with ${requirement?.$case}`).toBe(expected);
      }),
    );
  }
  expect(allowed).toBeGreaterThan(300);
  expect(allowed).toBeLessThan(ROUNDS * CHECKS_IN_ROUND - 300);
  const answeredBy = async (layer: 'l1' | 'l2' | 'l3') =>
    (await Promise.all(instances.map((instance) => instance.answeredBy(layer)))).reduce((sum, hits) => sum + hits);
  // The proof must have been about caches.
  for (const layer of ['l1', 'l2', 'l3'] as const) expect(await answeredBy(layer)).toBeGreaterThan(100);
});
