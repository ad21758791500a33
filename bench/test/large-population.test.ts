import { loadModel } from '@gatehouse/authz-service/model';
import { decide, plainGrant } from '@gatehouse/client/policy';
import { type Database, openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checksOfPopulation, insertPopulation, largeModel, userIdOf } from '../src/work/large-population.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase('authz');
  db = openDatabase({
    url: database.adminUrl,
    applicationName: 'large-population',
    maxConnections: 1,
    logger: silentLogger,
  });
});
afterAll(async () => {
  await db?.close();
  await database?.drop();
});

const GRANTS = statement<{ user_id: string; role_id: string }>(
  'test.grants',
  'select user_id, role_id from authz.role_grants',
);

it('is in proportion to its users', () => {
  expect(largeModel(1_000_000)).toEqual({
    users: 1_000_000,
    roles: 10_000,
    permissions: 100_000,
    heldPermissions: 550_000,
  });
});

it('is asked about at every depth, for what is allowed and for what is denied', () => {
  const size = largeModel(20_000);
  const users = new Map(Array.from({ length: size.users }, (_, user) => [userIdOf(user), user]));
  const asked = checksOfPopulation(size, 1_000).map(({ userId, expected }) => {
    const depth = (users.get(userId) ?? Number.NaN) % 10;
    return `${expected} at ${depth}`;
  });
  expect(new Set(asked).size).toBe(2 * 10);
});

it('decides the checks of its users as they are known to be decided', async () => {
  const size = largeModel(90);
  await insertPopulation(db, size, new AbortController().signal);
  const model = await loadModel(db);
  expect(model.roles.size).toBe(size.roles);
  const closures = [...model.roles.keys()].map((id) => model.closure(id)?.names.size ?? 0);
  expect(closures.reduce((sum, held) => sum + held)).toBe(size.heldPermissions);

  const grants = Map.groupBy(await db.query(GRANTS), ({ user_id }) => user_id);
  expect(grants.size).toBe(90);
  expect([...grants.values()].filter(({ length }) => length === 2)).toHaveLength(45);
  const checks = checksOfPopulation(size, 45);
  for (const { userId, permission, expected } of checks) {
    const held = (grants.get(userId) ?? []).map(({ role_id }) => plainGrant(role_id));
    expect(held).not.toEqual([]);
    const { isAllowed } = decide(model, held, { ...NOTHING_KNOWN, userId, permission });
    expect(isAllowed, `${permission} of ${userId}`).toBe(expected === Decision.DECISION_ALLOWED);
  }
  expect(new Set(checks.map(({ userId }) => userId)).size).toBe(45);
});

const NOTHING_KNOWN = {
  resource: '',
  ip: '',
  nowMs: 0,
  authenticationLevel: 0,
  resourceAttributes: {},
  attributes: {},
};
