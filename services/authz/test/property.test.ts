import { randomUUID } from 'node:crypto';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { createTestDatabase, type LentRedis, lendRedis, type TestDatabase } from '@gatehouse/testing';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ALWAYS, atLeast, type Fixture, FULLY, isAllowed, permission, question, startFixture } from './fixture.ts';

let redis: LentRedis;
let database: TestDatabase;
let instances: Fixture[];

beforeAll(async () => {
  [redis, database] = await Promise.all([lendRedis(), createTestDatabase('authz')]);
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
const PLACES = ['', 't/1', 't/1/p/2', 't/2'];
const ROUNDS = rounds(400, 60);
const CHECKS_IN_ROUND = 25;

interface PlainRole {
  readonly id: string;
  readonly parent: PlainRole | undefined;
  readonly names: readonly string[];
  readonly denied: readonly string[];
}

interface PlainGrant {
  readonly role: PlainRole;
  readonly scope: string;
}

/** What the service should think, kept in the plainest form. */
const roles: PlainRole[] = [];
const held = new Map<string, PlainGrant[]>(USERS.map((userId) => [userId, []]));
/** The token of the last change to each user. */
const tokens = new Map<string, string>();

function evaluate(userId: string, asked: string, place: string): boolean {
  const [resource, action] = asked.split(':');
  const isNamed = (name: string) => {
    const [left, right] = name.split(':');
    return (left === '*' || left === resource) && (right === '*' || right === action);
  };
  const lines = (held.get(userId) ?? [])
    .filter(({ scope }) => scope === '' || `${place}/`.startsWith(`${scope}/`))
    .flatMap(({ role }) => lineOf(role));
  return lines.some(({ names }) => names.some(isNamed)) && !lines.some(({ denied }) => denied.some(isNamed));
}

function lineOf(role: PlainRole): PlainRole[] {
  return role.parent ? [role, ...lineOf(role.parent)] : [role];
}

const { pick, next, below } = seededChance();
const some = <T>(from: readonly T[], most: number): T[] => [
  ...new Set(Array.from({ length: below(most + 1) }, () => pick(from))),
];

async function createSomeRole(): Promise<void> {
  const parent = roles.length > 0 && next() < 0.6 ? pick(roles) : undefined;
  // The first is worth having, whatever chance does: a run of few rounds must not compare nothing but refusals.
  const names = roles.length === 0 ? ['a:*', 'b:r'] : some(NAMES, 2);
  const denied =
    roles.length > 0 && next() < 0.3 ? some(NAMES, 1).filter((name) => name !== '*:*' && !names.includes(name)) : [];
  const { role } = await pick(instances).operator.createRole({
    name: `role-${roles.length}`,
    description: '',
    parentRoleId: parent?.id ?? '',
    permissions: names,
    denialConditions: [],
    deniedPermissions: denied,
  });
  roles.push({ id: role?.roleId ?? '', parent, names, denied });
}

/** Grants something, or revokes it where it is there; now and then everything, so that nobody ends up with all there is. */
async function changeSomeGrant(): Promise<void> {
  const [userId, role, scope] = [pick(USERS), pick(roles), pick(PLACES)];
  const has = held.get(userId) ?? [];
  const same = has.filter((each) => each.role === role && each.scope === scope);
  const gone = has.length > 3 ? has.slice() : same;
  for (const each of gone) tokens.set(userId, await change(userId, each, 'revoke'));
  const added = gone.length === 0 ? [{ role, scope }] : [];
  for (const each of added) tokens.set(userId, await change(userId, each, 'grant'));
  held.set(userId, [...has.filter((each) => !gone.includes(each)), ...added]);
}

async function change(userId: string, { role, scope }: PlainGrant, how: 'grant' | 'revoke'): Promise<string> {
  const { operator } = pick(instances);
  const request = { userId, roleId: role.id, reason: '', scope };
  const { consistencyToken } =
    how === 'revoke' ? await operator.revokeRole(request) : await operator.grantRole({ ...ALWAYS, ...request });
  return consistencyToken;
}

it('answers checks as a plain evaluator does, between changes on either of two instances', async () => {
  const clients = instances.map(({ service }) => service.connectAs('app/test', AuthzServiceService));
  for (const name of NAMES) await instances[0]?.operator.createPermission(permission(name));
  let allowed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    if (round < 3 || round % 8 === 0) await createSomeRole();
    await changeSomeGrant();
    await Promise.all(
      Array.from({ length: CHECKS_IN_ROUND }, async (_, index) => {
        const [userId, asked, resource] = [pick(USERS), pick(QUESTIONS), pick(PLACES)];
        const expected = evaluate(userId, asked, resource);
        // A user without changes needs no token: nothing about that user can be stale.
        const token = tokens.get(userId);
        const requirement = index % 5 === 0 ? FULLY : token === undefined ? undefined : atLeast(token);
        const consistency = requirement && { requirement };
        const { decision } = await pick(clients).check({ ...question(userId, asked), resource, consistency });
        if (expected) allowed += 1;
        expect(isAllowed(decision), `round ${round}: ${asked} on ${resource} with ${requirement?.$case}`).toBe(
          expected,
        );
      }),
    );
  }
  expect(allowed).toBeGreaterThan(ROUNDS / 4);
  expect(allowed).toBeLessThan(ROUNDS * (CHECKS_IN_ROUND - 0.5));
  const answeredBy = async (layer: 'l1' | 'l2' | 'l3') =>
    (await Promise.all(instances.map((instance) => instance.answeredBy(layer)))).reduce((sum, hits) => sum + hits);
  // The proof must have been about caches.
  for (const layer of ['l1', 'l2', 'l3'] as const) expect(await answeredBy(layer)).toBeGreaterThan(ROUNDS / 4);
});
