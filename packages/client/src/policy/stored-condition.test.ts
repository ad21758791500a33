import { describe, expect, it } from 'vitest';
import { compileCondition } from '../condition/condition.ts';
import { decide } from './decide.ts';
import { plainGrant } from './grant.ts';
import { compileModel, type Effect } from './model.ts';
import { problemOf, storedCondition } from './stored-condition.ts';

const QUESTION = {
  userId: 'ada',
  permission: 'vault:open',
  resource: '',
  ip: '10.1.2.3',
  authenticationLevel: 2,
  resourceAttributes: {},
  attributes: {},
  nowMs: 0,
};

describe('a stored condition', () => {
  it('is the compiled one where it can be compiled, and none where there is none', () => {
    expect(storedCondition('')).toBeUndefined();
    expect(problemOf(undefined)).toBeUndefined();
    const source = 'request.authentication_level >= 2';
    expect(storedCondition(source)).toBe(compileCondition(source));
    expect(problemOf(storedCondition(source))).toBeUndefined();
  });

  it.each([
    ['half of one', 'request.ip ==', 1, 14],
    ['a function that there is not', 'true &&\n  frobnicate(request.ip)', 2, 3],
    ['lines that end as on Windows', 'true &&\r\n\r\nfrobnicate(request.ip)', 3, 1],
    ['what is no bool', '1 + 1', 1, 1],
    ['one that is too long', `${' '.repeat(2_000)}true`, 1, 1],
    ['a key of the prototype', 'constructor', 1, 1],
    ['half of a surrogate pair', 'context.\ud800 == 1', 1, 9],
    ['great depth', `${'('.repeat(900)}true`, 1, undefined],
  ])('with %s is undetermined, and says where and what to do', (_title, source, line, column) => {
    const condition = storedCondition(source);
    const problem = problemOf(condition);
    expect(condition?.source).toBe(source);
    expect(problem).toMatchObject({ line, ...(column && { column }) });
    expect(condition?.facts(QUESTION)).toEqual([]);
    const { outcome, why } = condition?.evaluate(QUESTION) ?? { outcome: 'true', why: '' };
    expect(outcome).toBe('undetermined');
    expect(why).toBe(
      `This version can't read the condition (line ${line}, column ${problem?.column}): ${problem?.message} Give another one in its place.`,
    );
    expect(storedCondition(source)).toBe(condition);
  });

  it.each([
    ['allow', false],
    ['deny', true],
  ] as const)('allows nothing and denies what it could: %s', (effect: Effect, isBesideAllowed) => {
    const held = { name: 'vault:open', effect, condition: undefined };
    const roles = [
      { id: 'judged', name: 'judged', parentId: undefined, permissions: [held] },
      { id: 'plain', name: 'plain', parentId: undefined, permissions: [{ ...held, effect: 'allow' as const }] },
    ];
    const model = compileModel(1n, roles);
    const judged = { ...plainGrant('judged'), condition: storedCondition('frobnicate()') };
    const grants = isBesideAllowed ? [judged, plainGrant('plain')] : [judged];
    const verdict = decide(model, grants, QUESTION);
    expect(verdict.isAllowed).toBe(false);
    expect(verdict.undetermined).toContain("This version can't read the condition");
  });
});
