import { rounds, steadyChance } from '@gatehouse/testing/chance';
import { expect, it } from 'vitest';
import { ConditionError, type ConditionInput, compileCondition } from '../../src/policy/index.ts';
import { input } from './asked.ts';
import { type Answers, DIFFERENCES, REFUSALS } from './differences.ts';
import { askOracle } from './oracle.ts';
import { type Expression, randomCondition, textOf } from './random-expression.ts';
import { randomAttributes } from './random-values.ts';
import { shrink } from './shrink.ts';

const CASES = 20_000;
const DEPTH_MAX = 4;

it('gives what @bufbuild/cel gives, or differs where it is known who is right', () => {
  const chance = steadyChance();
  const unnamed = new Set<string>();
  let compared = 0;
  for (let index = 0; index < rounds(CASES); index += 1) {
    const condition = randomCondition(chance, 1 + chance.below(DEPTH_MAX));
    const asked = input({ attributes: randomAttributes(chance) });
    const found = answersTo(condition, asked);
    if (found.here !== 'refused') compared += 1;
    if (isNoDifference(found)) continue;
    const smallest = shrink(condition, (smaller) => {
      const { here, there } = answersTo(smaller, asked);
      return here === found.here && there === found.there;
    });
    const source = textOf(smallest);
    const answers = answersTo(smallest, asked);
    const named = answers.here === 'refused' ? REFUSALS : DIFFERENCES;
    if (named.some(({ isOne }) => isOne(source, answers, looksAt(source, asked)))) continue;
    unnamed.add(`${source}\n  with ${JSON.stringify(asked.attributes)}\n  ${JSON.stringify(answers)}`);
  }
  expect([...unnamed]).toEqual([]);
  expect(compared).toBeGreaterThan(rounds(CASES) / 2);
});

function answersTo(expression: Expression, asked: ConditionInput): Answers {
  const source = textOf(expression);
  const theirs = askOracle(source, asked);
  const there = { there: theirs.outcome, whyThere: theirs.why };
  try {
    const { outcome, why } = compileCondition(source).evaluate(asked);
    // So it says when something was thrown on the way.
    return { here: why === 'It failed.' ? 'failed' : outcome, whyHere: why, ...there };
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return { here: 'refused', whyHere: error.message, ...there };
  }
}

/** What is refused may not be evaluated anywhere, whatever the reason. */
function isNoDifference({ here, there }: Answers): boolean {
  return here === there || (here === 'refused' && there === 'undetermined');
}

/** The attributes that an expression names, as JSON. */
function looksAt(source: string, { attributes }: ConditionInput): string {
  const names = new Set([...source.matchAll(/context\.(\w+)/g)].map(([, name = '']) => name));
  return JSON.stringify(Object.fromEntries(Object.entries(attributes).filter(([name]) => names.has(name))));
}
