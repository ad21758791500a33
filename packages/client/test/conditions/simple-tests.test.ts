import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConditionError, compileCondition } from '../../src/policy/index.ts';
import { input } from './asked.ts';
import { LEFT_OUT, REFUSED } from './simple-test-tables.ts';
import { type AskedCondition, type SimpleTest, simpleTests } from './simple-tests.ts';

const POLICY_PAGE = readFileSync(new URL('../../../../docs/policy.md', import.meta.url), 'utf8').replaceAll(
  /\s+/g,
  ' ',
);
const { tests, leftOut } = simpleTests();

describe('the simple tests of cel-spec', () => {
  it('has no wrong value and no missed error', () => {
    const wrong = tests.flatMap((test) =>
      test.conditions
        .map((condition) => ({ ...condition, given: givenBy(condition) }))
        .filter(({ expected, given }) => !isAsExpected(expected, given) && !given.startsWith('refused'))
        .map(({ source, attributes, expected, given }) => ({ test: test.id, source, attributes, expected, given })),
    );
    expect(wrong).toEqual([]);
  });

  it('has nothing refused but what docs/policy.md says is refused', () => {
    const counts = new Map<string, number>(REFUSED.map(({ kind }) => [kind, 0]));
    const others: string[] = [];
    for (const test of tests) {
      const refusal = refusalOf(test);
      if (refusal === undefined) continue;
      const kind = REFUSED.find(({ message }) => message.test(refusal.why))?.kind;
      if (kind === undefined) others.push(`${test.id}: ${refusal.source}: ${refusal.why}`);
      else counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    expect(others).toEqual([]);
    expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(REFUSED.map(({ kind, count }) => [kind, count])));
    for (const { kind, sentence } of REFUSED)
      expect([kind, POLICY_PAGE]).toEqual([kind, expect.stringContaining(sentence)]);
  });

  it('leaves out what is no part of the policy language, by name', () => {
    const counts: Record<string, number> = {};
    for (const { why } of leftOut) counts[why] = (counts[why] ?? 0) + 1;
    expect(counts).toEqual(LEFT_OUT);
    expect(tests.length).toBeGreaterThan(1_100);
  });
});

function givenBy({ source, attributes }: AskedCondition): string {
  try {
    return compileCondition(source).evaluate(input({ attributes })).outcome;
  } catch (error) {
    if (error instanceof ConditionError) return `refused: ${error.message}`;
    throw error;
  }
}

function isAsExpected(expected: AskedCondition['expected'], given: string): boolean {
  return expected === 'error' ? given === 'undetermined' || given.startsWith('refused') : given === expected;
}

/** Why a test that has a value can't be asked; undefined when it can. */
function refusalOf({ conditions }: SimpleTest): { readonly source: string; readonly why: string } | undefined {
  for (const condition of conditions) {
    const given = givenBy(condition);
    if (condition.expected !== 'error' && given.startsWith('refused'))
      return { source: condition.source, why: given.slice(9) };
  }
  return undefined;
}
