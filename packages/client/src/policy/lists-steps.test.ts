import { describe, expect, it } from 'vitest';
import type { Condition } from '../condition/condition.ts';
import { EVALUATION_STEPS_MAX, REQUEST_STEPS_MAX, type StepCount } from '../condition/steps.ts';
import type { Question } from './decide.ts';
import { decideForList } from './decide-for-list.ts';
import { type Grant, plainGrant } from './grant.ts';
import { heldPermissions, presentStanding } from './held-permissions.ts';
import { heldScopes } from './held-scopes.ts';
import { compileModel, type HeldPermission } from './model.ts';
import { QuestionMeter } from './question-meter.ts';
import { StepsTooMany } from './steps-refusal.ts';

const QUESTION: Question = {
  ip: '',
  nowMs: 0,
  authenticationLevel: 0,
  userId: 'ada',
  permission: 'invoices:read',
  resource: '',
  resourceAttributes: {},
  attributes: {},
};
const { signal } = new AbortController();
const TOO_MANY = new StepsTooMany('question').message;

/** Takes as long as a condition may, and holds. */
function heavy(source: string): Condition & { evaluations: number } {
  const condition = {
    source,
    openFacts: new Set<never>(),
    evaluations: 0,
    evaluate(_: Question, count?: StepCount) {
      condition.evaluations += 1;
      if (count) count.steps += EVALUATION_STEPS_MAX;
      return { outcome: 'false' as const, why: '' };
    },
    facts: () => [],
  };
  return condition;
}

const heavies = (count: number) => Array.from({ length: count }, (_, index) => heavy(`${index}`));
const held = (name: string, condition?: Condition): HeldPermission => ({ name, effect: 'allow', condition });
const role = (id: string, ...permissions: HeldPermission[]) => ({ id, name: id, parentId: undefined, permissions });
const grant = (scope: string, condition?: Condition, roleId = 'reader'): Grant => ({
  ...plainGrant(roleId),
  scope,
  condition,
});
const meter = (request = { steps: 0 }) => new QuestionMeter((limit) => new StepsTooMany(limit)).next(request);
const reader = compileModel(1n, [role('reader', held('invoices:read'))]);

async function all<Each>(list: AsyncIterable<Each>): Promise<Each[]> {
  const found: Each[] = [];
  for await (const each of list) found.push(each);
  return found;
}

describe('a list of where a permission is held', () => {
  it('evaluates a condition once, for however many scopes', async () => {
    const ofPermission = heavy('of the permission');
    const model = compileModel(1n, [role('reader', held('invoices:read', ofPermission))]);
    const grants = Array.from({ length: 300 }, (_, index) => grant(`tenant/${index}`));
    const request = { steps: 0 };
    const scopes = await all(heldScopes(model, grants, QUESTION, meter(request), signal));
    expect(scopes).toHaveLength(301);
    expect(new Set(scopes.map(({ holds }) => holds))).toEqual(new Set(['denied']));
    expect(ofPermission.evaluations).toBe(1);
    expect(request.steps).toBe(EVALUATION_STEPS_MAX);
  });

  it('says of a scope that a check there would be refused, and goes on', async () => {
    const grants = [
      ...heavies(8).map((condition) => grant('a/1', condition)),
      ...heavies(8).map((condition) => grant('a/1/b/1', condition)),
      grant('a/2'),
    ];
    const scopes = await all(heldScopes(reader, grants, QUESTION, meter(), signal));
    expect(scopes.map(({ scope, holds, why }) => [scope, holds, why])).toEqual([
      ['', 'denied', ''],
      ['a/1', 'denied', ''],
      ['a/1/b/1', 'undetermined', TOO_MANY],
      ['a/2', 'allowed', ''],
    ]);
  });

  it('is refused beyond the limit of a request', async () => {
    const scopes = Array.from({ length: 20 }, (_, index) => `a/${index}`);
    const grants = scopes.flatMap((scope) => heavies(6).map((condition) => grant(scope, condition)));
    const request = { steps: 0 };
    const listed: string[] = [];
    const list = async () => {
      for await (const { scope } of heldScopes(reader, grants, QUESTION, meter(request), signal)) listed.push(scope);
    };
    await expect(list()).rejects.toMatchObject({ limit: 'request' });
    expect(listed).toHaveLength(1 + Math.floor(REQUEST_STEPS_MAX / EVALUATION_STEPS_MAX / 6));
  });
});

describe('a list of what a user holds', () => {
  it('leaves a name undecided whose check would be refused', async () => {
    const conditions = heavies(11);
    const grants = conditions.map((condition) => grant('', condition));
    const [first] = heldPermissions(reader, grants, QUESTION);
    const own = meter();
    const work = () => first && presentStanding(first, reader, grants, QUESTION, own);
    const standing = work() ?? (await own.finish(work, signal));
    expect(standing).toEqual({ counts: { outcome: 'false', why: '' }, verdict: undefined });
    expect(conditions.map(({ evaluations }) => evaluations)).toEqual(Array(11).fill(1));
  });
});

describe('a question of a list', () => {
  it('is undetermined where it would be refused by itself', async () => {
    const grants = heavies(11).map((condition) => grant('', condition));
    expect(await decideForList(reader, grants, QUESTION, meter(), signal)).toEqual({
      isAllowed: false,
      undetermined: TOO_MANY,
    });
    const within = heavies(10).map((condition) => grant('', condition));
    expect(await decideForList(reader, within, QUESTION, meter(), signal)).toEqual({
      isAllowed: false,
      undetermined: '',
    });
  });

  it('ends with its signal', async () => {
    const grants = heavies(9).map((condition) => grant('', condition));
    const abort = new AbortController();
    const decided = decideForList(reader, grants, QUESTION, meter(), abort.signal);
    abort.abort(new Error('too late'));
    await expect(decided).rejects.toThrow('too late');
  });
});
