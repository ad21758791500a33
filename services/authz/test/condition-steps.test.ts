import { randomUUID } from 'node:crypto';
import { connectGatehouse } from '@gatehouse/client';
import { AuthzServiceService, Decision, ExplanationKind } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { bidiClient, testAuthority, testStores, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ACTIONS,
  type AuthzenFixture,
  EVALUATION,
  EVALUATIONS,
  RESOURCES,
  SUBJECTS,
  startAuthzen,
} from './authzen-door.ts';
import { ALWAYS, FULLY } from './fixture.ts';
import { readStream, WELL } from './read-stream.ts';

const RESOURCE_EXHAUSTED = 8;
const READ = 'steps:read';
/** Held by everybody here who holds READ, without a condition. */
const PLAIN = 'steps:plain';
/** With these numbers a condition takes nearly as long as one may. */
const NUMBERS = Array.from({ length: 180 }, (_, index) => index);
const CONTEXT = { ip: '', authenticationLevel: 0, resourceAttributes: undefined, attributes: { numbers: NUMBERS } };
/** Looks at each pair, and does not hold. */
const heavy = (index: number) =>
  `context.numbers.exists(x, context.numbers.exists(y, x + y == -${index + 1}.0)) && ${index} >= 0`;
const QUESTION_REFUSED = { kind: 'limited', reason: 'QUESTION_STEPS_TOO_MANY' };
const REQUEST_REFUSED = { kind: 'limited', reason: 'REQUEST_STEPS_TOO_MANY' };
/** How many questions with one such condition are too much for one request. */
const TOO_MANY = 110;

let door: AuthzenFixture;
let roles: string[];

beforeAll(async () => {
  door = await startAuthzen();
  const first = await door.role({ permissions: [READ] });
  roles = [first, ...(await Promise.all(Array.from({ length: 10 }, () => door.role({ permissions: [READ] }))))];
});
afterAll(() => door?.stop());

const app = () => door.service.connectAs('app/test', AuthzServiceService);
const item = (userId: string, name = READ, resource = '') => ({ userId, permission: name, resource, context: CONTEXT });
const decided = (decision: Decision) => expect.objectContaining({ decision, error: undefined });
const refused = (reason: string, retryable: boolean) =>
  expect.objectContaining({
    decision: Decision.DECISION_UNSPECIFIED,
    error: { reason, message: expect.any(String), retryable },
  });

/** A user with as many grants as that, each under a condition of its own. */
async function userWith(conditions: number, scope = ''): Promise<string> {
  const userId = randomUUID();
  for (const [index, roleId] of roles.slice(0, conditions).entries()) {
    await door.operator.grantRole({ userId, roleId, reason: '', ...ALWAYS, scope, condition: heavy(index) });
  }
  await door.give(userId, [PLAIN]);
  return userId;
}

describe('a question whose conditions take too much together', () => {
  let beyond: string;
  let within: string;

  beforeAll(async () => {
    [beyond, within] = await Promise.all([userWith(11), userWith(10)]);
    await Promise.all([door.warm(beyond), door.warm(within)]);
  });

  it.each([
    ['memory', undefined],
    ['the database', { requirement: FULLY }],
  ])('is refused as a check, by %s', async (_, consistency) => {
    await expect(app().check({ ...item(beyond), consistency })).rejects.toMatchObject(QUESTION_REFUSED);
    expect((await app().check({ ...item(within), consistency })).decision).toBe(Decision.DECISION_DENIED);
    expect((await app().check({ ...item(beyond, PLAIN), consistency })).decision).toBe(Decision.DECISION_ALLOWED);
  });

  it.each([
    ['memory', undefined],
    ['the database', { requirement: FULLY }],
  ])('fails alone in a batch, by %s', async (_, consistency) => {
    const items = [item(within), item(beyond), item(beyond, PLAIN), item(beyond)];
    expect((await app().batchCheck({ items, consistency })).results).toEqual([
      decided(Decision.DECISION_DENIED),
      refused('QUESTION_STEPS_TOO_MANY', false),
      decided(Decision.DECISION_ALLOWED),
      refused('QUESTION_STEPS_TOO_MANY', false),
    ]);
  });

  it('fails alone on a stream, which goes on', async () => {
    const client = await bidiClient(door.service, 'app/test');
    const stream = client.open(AuthzServiceService.streamCheck, { 'grpc-timeout': '60S' });
    for (const each of [item(beyond), item(within), item(beyond, PLAIN)]) {
      stream.send({ item: each, consistency: undefined });
    }
    stream.finish();
    expect(await stream.ended).toEqual({ code: 0, reason: '' });
    expect(stream.responses).toEqual([
      refused('QUESTION_STEPS_TOO_MANY', false),
      decided(Decision.DECISION_DENIED),
      decided(Decision.DECISION_ALLOWED),
    ]);
    client.close();
  });

  it('has no explanation, while one within the limit has', async () => {
    const explain = (userId: string) => door.operator.explainCheck({ item: item(userId) });
    await expect(explain(beyond)).rejects.toMatchObject(QUESTION_REFUSED);
    expect((await explain(within)).kind).toBe(ExplanationKind.EXPLANATION_KIND_CONDITION);
  });

  it('is undecided in a list of permissions', async () => {
    const request = { userId: beyond, resource: '', context: CONTEXT, consistency: undefined };
    const { permissions } = await app().listUserPermissions({ ...request, pageSize: 0, pageToken: '' });
    const decisions = new Map(permissions.map(({ name, decision }) => [name, decision]));
    expect(decisions).toEqual(
      new Map([
        [READ, Decision.DECISION_UNSPECIFIED],
        [PLAIN, Decision.DECISION_ALLOWED],
      ]),
    );
  });

  it('is undetermined in lookups', async () => {
    const lookup = { permission: READ, context: CONTEXT, consistency: undefined, pageSize: 0, pageToken: '' };
    const undetermined: string[] = [];
    const users = await readStream(door, AuthzServiceService.lookupUsers, { ...lookup, resource: '' });
    expect(users.end).toEqual(WELL);
    for (const part of users.messages) undetermined.push(...part.undetermined.map(({ userId }) => userId));
    expect(undetermined).toContain(beyond);
    expect(undetermined).not.toContain(within);
    for (const [userId, decision] of [
      [beyond, [Decision.DECISION_UNSPECIFIED]],
      [within, []],
    ] as const) {
      const request = { ...lookup, userId, resourceType: '' };
      const { messages, end } = await readStream(door, AuthzServiceService.lookupResources, request);
      expect(end).toEqual(WELL);
      expect(messages.flatMap(({ scopes }) => scopes.map((scope) => scope.decision))).toEqual(decision);
    }
  });

  it('is a bad request over HTTP, fails alone among evaluations, and is undetermined in searches', async () => {
    const asked = (userId: string, action = 'read') => ({
      subject: { type: 'user', id: userId },
      action: { name: action },
      resource: { type: 'steps', id: '1' },
      context: { numbers: NUMBERS },
    });
    const reply = await door.post(EVALUATION, asked(beyond));
    expect([reply.status, reply.headers['gatehouse-reason']]).toEqual([400, 'QUESTION_STEPS_TOO_MANY']);
    const { evaluations } = await door.answer(EVALUATIONS, {
      evaluations: [asked(beyond), asked(within), asked(beyond, 'plain')],
    });
    expect(evaluations).toEqual([
      {
        decision: false,
        context: { error: expect.objectContaining({ status: 400, reason: 'QUESTION_STEPS_TOO_MANY' }) },
      },
      { decision: false },
      { decision: true },
    ]);
    const actions = await door.answer(ACTIONS, asked(beyond));
    expect(actions.results).toEqual([{ name: 'plain' }]);
    expect(actions.context?.undetermined).toEqual([{ name: 'read', reason: expect.stringContaining('1,000,000') }]);
    const subjects = await door.answer(SUBJECTS, { ...asked(beyond), subject: { type: 'user' } });
    expect(subjects.context?.undetermined).toEqual([expect.objectContaining({ id: beyond })]);
    const resources = await door.answer(RESOURCES, { ...asked(beyond), resource: { type: 'steps' } });
    expect(resources.context?.undetermined).toEqual([expect.objectContaining({ scope: '*' })]);
  });

  it('is refused in the memory of a client as well, while others are answered there', async () => {
    const files = await (await testAuthority()).issue('app/test');
    const address = door.service.address;
    const { permissions, close } = connectGatehouse({
      session: { address },
      authz: { address },
      tls: { ...files, trustDomain: testStores().trustDomain },
      permissionCache: {},
      defaults: { retries: 0 },
    });
    try {
      const ask = (userId: string, name: string) => ({
        userId,
        permission: name,
        context: { attributes: { numbers: NUMBERS } },
      });
      await waitFor(
        async () =>
          permissions.peek(ask(beyond, PLAIN)) ?? (await permissions.check(ask(beyond, PLAIN)).then(() => undefined)),
      );
      const before = permissions.statistics();
      const isRefused = { code: 'RESOURCE_EXHAUSTED', reason: 'QUESTION_STEPS_TOO_MANY' };
      const order: string[] = [];
      const long = permissions.check(ask(beyond, READ)).catch((error: unknown) => {
        order.push('long');
        return error;
      });
      const short = permissions.check(ask(beyond, PLAIN)).then(({ isAllowed }) => {
        order.push('short');
        return isAllowed;
      });
      expect([await long, await short]).toEqual([expect.objectContaining(isRefused), true]);
      expect(order).toEqual(['short', 'long']);
      expect(permissions.peek(ask(beyond, READ))).toBeUndefined();
      expect(permissions.statistics().batches).toBe(before.batches);
    } finally {
      close();
    }
  });
});

describe('a request whose conditions take too much together', () => {
  it.each([
    ['memory', undefined],
    ['the database', { requirement: FULLY }],
  ])('is refused as a batch, by %s, and others are served meanwhile', async (_, consistency) => {
    const userId = await userWith(1);
    await door.warm(userId);
    const few = await app().batchCheck({ items: Array.from({ length: 10 }, () => item(userId)), consistency });
    expect(few.results).toEqual(Array(10).fill(decided(Decision.DECISION_DENIED)));
    const ended: string[] = [];
    const items = Array.from({ length: TOO_MANY }, () => item(userId));
    const refusal = expect(
      app()
        .batchCheck({ items, consistency })
        .finally(() => ended.push('batch')),
    ).rejects;
    const long = refusal.toMatchObject(REQUEST_REFUSED);
    for (let index = 0; index < 3; index += 1) {
      await app().check({ ...item(userId, PLAIN), consistency: undefined });
      ended.push('check');
    }
    await long;
    expect(ended).toEqual(['check', 'check', 'check', 'batch']);
  });

  it('is refused as a page of a lookup, and a smaller page is not', async () => {
    const name = 'steps:guarded';
    await door.guarded(name, heavy(0));
    await Promise.all(Array.from({ length: TOO_MANY }, () => door.give(randomUUID(), [name])));
    const lookup = { permission: name, resource: '', context: CONTEXT, consistency: undefined, pageToken: '' };
    const list = (pageSize: number) => readStream(door, AuthzServiceService.lookupUsers, { ...lookup, pageSize });
    expect((await list(TOO_MANY)).end).toEqual({ code: RESOURCE_EXHAUSTED, reason: 'REQUEST_STEPS_TOO_MANY' });
    const { messages, end } = await list(TOO_MANY / 2);
    expect([messages.length, end]).toEqual([2, WELL]);
  });
});

it('the limits that are reached are counted, and what was taken', async () => {
  const userId = await userWith(11);
  const before = {
    steps: await door.metric('authz_condition_steps_total'),
    question: await door.metric('authz_condition_limits_total', 'limit="question"'),
    turn: await door.metric('authz_condition_limits_total', 'limit="turn"'),
    evaluation: await door.metric('authz_condition_limits_total', 'limit="evaluation"'),
  };
  await app()
    .check({ ...item(userId), consistency: undefined })
    .catch(() => {});
  const attributes = { numbers: [...NUMBERS, ...NUMBERS.slice(0, 70)] };
  await app().check({ ...item(await userWith(1)), context: { ...CONTEXT, attributes }, consistency: undefined });
  expect((await door.metric('authz_condition_steps_total')) - before.steps).toBeGreaterThan(1_000_000);
  for (const limit of ['question', 'turn', 'evaluation'] as const) {
    const now = await door.metric('authz_condition_limits_total', `limit="${limit}"`);
    expect(now, limit).toBeGreaterThan(before[limit]);
  }
});
