import { randomUUID } from 'node:crypto';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthzenFixture, EVALUATION, EVALUATIONS, evaluation, startAuthzen } from './authzen-door.ts';
import { FULLY } from './fixture.ts';
import { CONTEXTS, NAMES, RESOURCES, storeRandomPolicies } from './random-policies.ts';

let door: AuthzenFixture;
let alice: string;

// The documents 1 and 3 may be read, and 2 may not.
beforeAll(async () => {
  door = await startAuthzen();
  alice = randomUUID();
  for (const id of ['1', '3']) await door.give(alice, ['document:read'], { scope: `document/${id}` });
  await door.give(alice, ['document:print'], { scope: 'document/1' });
});
afterAll(() => door?.stop());

const document = (id: string) => ({ type: 'document', id });
const reading = () => ({ subject: { type: 'user', id: alice }, action: { name: 'read' } });
const three = ['1', '2', '3'].map((id) => ({ resource: document(id) }));
const decide = async (body: object) => (await door.answer(EVALUATIONS, body)).evaluations;
const decisions = async (body: object) => (await decide(body))?.map(({ decision }) => decision);

describe('many evaluations', () => {
  it('are answered as the standard shows it, in their order', async () => {
    expect(await door.answer(EVALUATIONS, { ...reading(), evaluations: three })).toEqual({
      evaluations: [{ decision: true }, { decision: false }, { decision: true }],
    });
  });

  it('can say everything themselves', async () => {
    const evaluations = ['1', '2'].map((id) => ({
      ...evaluation(alice, 'read', document(id)),
      context: { time: 'now' },
    }));
    expect(await decisions({ evaluations })).toEqual([true, false]);
  });

  it('take what they say over the defaults', async () => {
    const evaluations = [
      { action: { name: 'print' } },
      { resource: document('3') },
      { subject: { type: 'user', id: randomUUID() } },
      {},
    ];
    const defaults = { ...reading(), resource: document('1') };
    expect(await decisions({ ...defaults, evaluations })).toEqual([true, true, false, true]);
  });

  it('with an entity that is not whole are denied, whatever the default of it is', async () => {
    await door.guarded('document:sign', '!has(resource.sealed)');
    await door.give(alice, ['document:sign']);
    const bad = (message: string) => ({
      decision: false,
      context: { error: expect.objectContaining({ status: 400, message: expect.stringContaining(message) }) },
    });
    const asked = {
      subject: { type: 'user', id: alice },
      action: { name: 'sign' },
      resource: { type: 'document', id: '1', properties: { sealed: true } },
      evaluations: [
        {},
        { resource: document('1') },
        { resource: { type: 'document' } },
        { resource: { id: '1' } },
        { resource: {} },
        { subject: { type: 'user' }, resource: document('1') },
        { subject: { id: alice }, resource: document('1') },
        { action: {}, resource: document('1') },
        { action: { properties: {} }, resource: document('1') },
        { resource: null },
        { subject: null, resource: document('1') },
        { action: null, resource: document('1') },
      ],
    };
    expect(await decide(asked)).toEqual([
      { decision: false },
      { decision: true },
      bad('resource.id is required'),
      bad('resource.type is required'),
      bad('resource.type is required; resource.id is required'),
      bad('subject.id is required'),
      bad('subject.type is required'),
      bad('action.name is required'),
      bad('action.name is required'),
      bad('resource is required'),
      bad('subject is required'),
      bad('action is required'),
    ]);
  });

  it('have a context of their own, or that of the request', async () => {
    await door.guarded('document:open', 'context.hour < 12');
    await door.give(alice, ['document:open']);
    const evaluations = [{}, { context: { hour: 13 } }, { context: {} }, { context: null }];
    const asked = {
      ...reading(),
      action: { name: 'open' },
      resource: document('1'),
      context: { hour: 9 },
      evaluations,
    };
    expect(await decide(asked)).toEqual([
      { decision: true },
      { decision: false },
      { decision: false, context: expect.objectContaining({ reason: 'UNDETERMINED' }) },
      { decision: false, context: expect.objectContaining({ reason: 'UNDETERMINED' }) },
    ]);
  });

  it('that are none are denied by themselves, with what is wrong', async () => {
    const error = (message: string) => ({
      decision: false,
      context: { error: { status: 400, reason: 'FIELD_INVALID', message: `The request is not valid: ${message}.` } },
    });
    expect(await decide({ ...reading(), evaluations: [three[0], {}, 7, null, { resource: 'x' }, three[2]] })).toEqual([
      { decision: true },
      error('resource is required'),
      error('the evaluation must be an object'),
      error('the evaluation must be an object'),
      error('resource must be an object'),
      { decision: true },
    ]);
  });

  it('of which there is none are one evaluation', async () => {
    const whole = { ...reading(), resource: document('1') };
    for (const body of [whole, { ...whole, evaluations: [] }, { ...whole, evaluations: null }]) {
      expect(await door.answer(EVALUATIONS, body)).toEqual({ decision: true });
    }
    expect(await door.post(EVALUATIONS, { ...reading(), evaluations: [] })).toMatchObject({ status: 400 });
  });

  it('can be five hundred, and no more', async () => {
    const evaluations = Array.from({ length: 500 }, (_, index) => ({ resource: document(String(index)) }));
    const all = await decisions({ ...reading(), evaluations });
    expect(all?.filter(Boolean)).toHaveLength(2);
    expect(all).toHaveLength(500);
    const reply = await door.post(EVALUATIONS, { ...reading(), evaluations: [...evaluations, {}] });
    expect(reply).toMatchObject({ status: 400, headers: { 'gatehouse-reason': 'FIELD_INVALID' } });
    expect(reply.body).toContain('evaluations must hold at most 500 items');
  });
});

describe('the semantic of many evaluations', () => {
  const withSemantic = (semantic: unknown, evaluations: readonly unknown[] = three) =>
    ({ ...reading(), options: { evaluations_semantic: semantic, another_option: 'value' }, evaluations }) as object;
  const counted = () => door.metric('authz_check_decisions_total');

  it.each([
    ['execute_all', [true, false, true]],
    [undefined, [true, false, true]],
    [null, [true, false, true]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
  ])('%s ends where it says', async (semantic, expected) => {
    const before = await counted();
    expect(await decisions(withSemantic(semantic))).toEqual(expected);
    // What is not answered is not decided, and so neither counted nor recorded.
    expect(await counted()).toBe(before + expected.length);
  });

  it('goes to the end where nothing ends it', async () => {
    const [one, two] = three;
    expect(await decisions(withSemantic('deny_on_first_deny', [one, one]))).toEqual([true, true]);
    expect(await decisions(withSemantic('permit_on_first_permit', [two, two]))).toEqual([false, false]);
    expect(await decisions(withSemantic('permit_on_first_permit', [two, one, two]))).toEqual([false, true]);
  });

  it('takes an error for a denial', async () => {
    const [one] = three;
    expect(await decisions(withSemantic('deny_on_first_deny', [one, {}, one]))).toEqual([true, false]);
    expect(await decisions(withSemantic('permit_on_first_permit', [{}, one, one]))).toEqual([false, true]);
  });
});

describe('evaluations are refused as a whole', () => {
  it.each([
    ['that are no list', { evaluations: {} }, 'evaluations must be a list'],
    ['with a subject that is none', { subject: 'alice', evaluations: three }, 'subject must be an object'],
    ['with a context that is none', { context: [], evaluations: three }, 'context must be an object'],
    ['with options that are none', { options: 'fast', evaluations: three }, 'options must be an object'],
    [
      'with another semantic',
      { options: { evaluations_semantic: 'any' }, evaluations: three },
      'evaluations_semantic must',
    ],
    ['with a semantic of a prototype', { options: { evaluations_semantic: 'toString' } }, 'evaluations_semantic must'],
  ])('%s', async (_what, change, message) => {
    const reply = await door.post(EVALUATIONS, { ...reading(), ...change });
    expect(reply).toMatchObject({ status: 400, headers: { 'gatehouse-reason': 'FIELD_INVALID' } });
    expect(reply.body).toContain(message);
  });

  it('with a consistency that is none', async () => {
    const headers = { 'gatehouse-consistency': 'at_least_as_fresh=x' };
    expect(await door.post(EVALUATIONS, { ...reading(), evaluations: three }, { headers })).toMatchObject({
      status: 400,
      headers: { 'gatehouse-reason': 'CONSISTENCY_TOKEN_INVALID' },
    });
  });
});

it('decides as BatchCheck does, whatever the policy', async () => {
  // Chance may allow its users nothing at all; this one holds something for certain.
  const sure = randomUUID();
  const users = [...(await storeRandomPolicies(door)).slice(0, 7), sure];
  await door.give(sure, ['a:r', 'a:w', 'b:r', 'b:w']);
  const seen = new Set<boolean>();
  const app = door.service.connectAs('app/test', AuthzServiceService);
  const resources = RESOURCES.filter((each) => each !== '');
  for (const context of CONTEXTS) {
    const questions = users.flatMap((userId) =>
      NAMES.flatMap((name) =>
        resources.flatMap((path) => {
          const [type = '', action = ''] = name.split(':');
          return { userId, type, action, resource: `${path}/${type}/9` };
        }),
      ),
    );
    const items = questions.map(({ userId, type, action, resource }) => ({
      userId,
      permission: `${type}:${action}`,
      resource,
      context: context && { ...context, attributes: { ...context.attributes } },
    }));
    const evaluations = questions.map(({ userId, type, action, resource }) => ({
      subject: {
        type: 'user',
        id: userId,
        properties: context && { ip_address: context.ip, authentication_level: context.authenticationLevel },
      },
      action: { name: action },
      resource: { type, id: resource, properties: context?.resourceAttributes },
      context: context?.attributes,
    }));
    const { results } = await app.batchCheck({ items, consistency: { requirement: FULLY } });
    const expected = results.map(({ decision }) => decision === Decision.DECISION_ALLOWED);
    expect(await decisions({ evaluations })).toEqual(expected);
    for (const isAllowed of expected) seen.add(isAllowed);
    const [first] = evaluations;
    expect((await door.answer(EVALUATION, first)).decision).toBe(expected[0]);
  }
  expect(seen).toEqual(new Set([true, false]));
});
