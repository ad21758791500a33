import { randomUUID } from 'node:crypto';
import { connectGatehouse, type GatehouseClient } from '@gatehouse/client';
import { parsePolicy, runTests } from '@gatehouse/client/policy-file';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { testAuthority, testStores, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthzenFixture, EVALUATION, evaluation, startAuthzen } from './authzen-door.ts';
import { isAllowed, question } from './fixture.ts';

/** Names that a prototype has, or that code asks objects for. */
const HARD = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'then',
  'toJSON',
  '',
  ' ',
  '1',
  'a.b',
  '<<',
  'é',
];

/** An object with the key, as JSON has it: the key is its own, whatever it is called. */
const withKey = (key: string, value: unknown): Record<string, unknown> =>
  JSON.parse(`{"driver":"x",${JSON.stringify(key)}:${JSON.stringify(value)}}`);

/** What all doors are asked: a condition, and what it is asked about. */
const CASES: readonly [condition: string, attributes: Record<string, unknown>, expected: boolean][] = [
  ...HARD.flatMap((key): [string, Record<string, unknown>, boolean][] => {
    const name = JSON.stringify(key);
    const given = { m: withKey(key, { deep: [withKey(key, true)] }) };
    return [
      [`context.m[${name}].deep[0][${name}] == true`, given, true],
      [`${name} in context.m && size(context.m) == 2`, given, true],
      [`context.m.exists(k, k == ${name})`, given, true],
      [`${name} in context.m`, { m: { driver: 'x' } }, false],
      [`context.m[${name}] != 1`, { m: { driver: 'x' } }, false],
      [`context[${name}] == "y"`, withKey(key, 'y'), true],
    ];
  }),
  ['has(context.m.__proto__)', { m: {} }, false],
  ['has(context.m.__proto__)', { m: withKey('__proto__', 1) }, true],
  ['context.a == {"constructor": "x"}', { a: {} }, false],
  ['context.a == {"__proto__": {}}', { a: {} }, false],
  ['context.a == {"__proto__": 1.0}', { a: JSON.parse('{"__proto__":1}') }, true],
  ['context.a == context.b', { a: JSON.parse('{"__proto__":{"x":1}}'), b: { x: 1 } }, false],
  ['context.a == context.b', { a: JSON.parse('{"__proto__":{"x":1}}'), b: {} }, false],
  ['1 in context.m', { m: { '1': true } }, false],
  ['"1" in context.m', { m: { '1': true } }, true],
  ['context.m.x == 1.0', { m: JSON.parse('{"__proto__":{"x":1}}') }, false],
];

const nameOf = (index: number) => `keys-${index}:see`;
let door: AuthzenFixture;
let client: GatehouseClient;
let userId: string;

beforeAll(async () => {
  door = await startAuthzen();
  userId = randomUUID();
  const names = CASES.map((_case, index) => nameOf(index));
  for (const [index, [condition]] of CASES.entries()) await door.guarded(nameOf(index), condition);
  const { role } = await door.operator.createRole({
    name: 'key-holder',
    description: '',
    parentRoleId: '',
    permissions: names,
    deniedPermissions: [],
    denialConditions: [],
  });
  await door.grant(userId, role?.roleId ?? '');
  const { address } = door.service;
  client = connectGatehouse({
    session: { address },
    authz: { address },
    tls: { ...(await (await testAuthority()).issue('app/test')), trustDomain: testStores().trustDomain },
    permissionCache: {},
  });
});
afterAll(async () => {
  client?.close();
  await door?.stop();
});

describe('a key of what is asked about is data', () => {
  it('over gRPC', async () => {
    const app = door.service.connectAs('app/test', AuthzServiceService);
    const decided = await Promise.all(
      CASES.map(async ([, attributes], index) => {
        const context = { ip: '', authenticationLevel: 0, resourceAttributes: undefined, attributes };
        const consistency = { requirement: { $case: 'fullyConsistent', value: true } } as const;
        return isAllowed((await app.check({ ...question(userId, nameOf(index)), context, consistency })).decision);
      }),
    );
    expect(named(decided)).toEqual(EXPECTED);
  });

  it('over AuthZEN', async () => {
    const decided = await Promise.all(
      CASES.map(async ([, attributes], index) => {
        const [type = ''] = nameOf(index).split(':');
        const body = { ...evaluation(userId, 'see', { type, id: '1' }), context: attributes };
        return (await door.answer(EVALUATION, body)).decision;
      }),
    );
    expect(named(decided)).toEqual(EXPECTED);
  });

  it('in a policy file', () => {
    const names = CASES.map((_case, index) => nameOf(index));
    const { policy, problems } = parsePolicy(
      JSON.stringify({
        version: 1,
        permissions: Object.fromEntries(CASES.map(([condition], index) => [nameOf(index), { condition }])),
        roles: { holder: { permissions: names } },
        tests: CASES.map(([, attributes, expected], index) => ({
          name: `case ${index}`,
          grants: [{ user: 'ada', role: 'holder' }],
          checks: [
            {
              user: 'ada',
              permission: nameOf(index),
              context: { attributes },
              expect: expected ? 'allowed' : 'denied',
            },
          ],
        })),
      }),
    );
    expect(problems).toEqual([]);
    const { failed, passed } = policy ? runTests(policy) : { failed: [], passed: 0 };
    expect(failed.map(({ test }) => test)).toEqual([]);
    expect(passed).toBe(CASES.length);
  });

  it('in the memory of a client', async () => {
    const { permissions } = client;
    const decided = await Promise.all(
      CASES.map(async ([, attributes], index) => {
        const asked = { userId, permission: nameOf(index), context: { attributes } };
        const remembered = async () =>
          permissions.peek(asked) ?? (await permissions.check(asked).then(() => undefined));
        return (await waitFor(remembered, { everyMs: 1 })).isAllowed;
      }),
    );
    expect(named(decided)).toEqual(EXPECTED);
  });
});

describe('what is no key', () => {
  const lone = String.fromCharCode(0xd800);

  it('is refused over AuthZEN: half of a surrogate pair, and a key that is there twice', async () => {
    const body = (context: string) =>
      `${JSON.stringify(evaluation(userId, 'see', { type: 'keys-0', id: '1' })).slice(0, -1)},"context":${context}}`;
    for (const context of [
      '{"\\ud800":1}',
      '{"m":{"\\ud800":1}}',
      '{"a":1,"a":2}',
      '{"m":{"__proto__":1,"__proto__":2}}',
    ]) {
      expect([context, (await door.post(EVALUATION, body(context))).status]).toEqual([context, 400]);
    }
  });

  it('is refused by the client before anything is sent', async () => {
    for (const attributes of [{ [lone]: 1 }, { m: { [lone]: 1 } }, { m: [{ x: lone }] }]) {
      const asked = { userId, permission: nameOf(0), context: { attributes } };
      await expect(client.permissions.check(asked)).rejects.toMatchObject({ reason: 'FIELD_INVALID' });
    }
  });

  it.each([
    ['half of a surrogate pair as a key', '{"\\ud800": 1}', 'WRONG_VALUE'],
    ['half of a surrogate pair as a value', '{"a": ["\\udc00"]}', 'WRONG_VALUE'],
    ['a key that is there twice', '{"a": 1, "a": 2}', 'DUPLICATE_KEY'],
    ['a key that is there twice, once as a number', '{1: 1, "1": 2}', 'DUPLICATE_KEY'],
    ['a key of a prototype that is there twice', '{"__proto__": 1, "__proto__": 2}', 'DUPLICATE_KEY'],
  ])('is refused in a policy file: %s', (_what, attributes, code) => {
    const text = [
      'version: 1',
      'permissions: { "a:b": {} }',
      'roles: { r: { permissions: ["a:b"] } }',
      'tests:',
      '  - name: t',
      '    checks:',
      `      - { user: ada, permission: "a:b", expect: denied, context: { attributes: ${attributes} } }`,
    ].join('\n');
    expect(parsePolicy(text).problems.map((problem) => [problem.code, problem.line])).toEqual([[code, 7]]);
  });
});

/** Decisions with what was asked, so that what is wrong is seen. */
function named(decided: readonly (boolean | undefined)[]) {
  return CASES.map(([condition, attributes], index) => [condition, JSON.stringify(attributes), decided[index]]);
}

const EXPECTED = named(CASES.map(([, , expected]) => expected));
