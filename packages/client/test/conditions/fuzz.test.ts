import { type Chance, rounds, seededChance } from '@gatehouse/testing/chance';
import { expect, it } from 'vitest';
import { ConditionError, compileCondition } from '../../src/policy/index.ts';
import { input } from './asked.ts';
import { randomCondition, textOf } from './random-expression.ts';
import { randomAttributes } from './random-values.ts';

const TOKENS = [
  'context',
  '.a',
  '.b',
  '[',
  ']',
  '(',
  ')',
  '{',
  '}',
  ',',
  ':',
  '?',
  '!',
  '-',
  '+',
  '*',
  '/',
  '%',
  '==',
  '!=',
  '<',
  '<=',
  '&&',
  '||',
  ' in ',
  'true',
  'false',
  'null',
  '0',
  '1u',
  '1.5',
  '0x',
  '1e',
  '"',
  "'",
  '"""',
  '"a"',
  'b"',
  'r"\\',
  '\\u',
  '\\',
  '`',
  '.exists(',
  '.all(x,',
  '.map(',
  'has(',
  'size(',
  'timestamp(',
  'duration("',
  'request.ip',
  '.inCidr("',
  'x',
  '\n',
  '//',
  '\u0000',
  '🦊',
  '\ud83e',
  '.',
  '_',
  'in',
  'cel.bind(',
  'ip(',
  'cidr(',
  '@in',
  '__proto__',
  '.constructor',
];

/** An outcome, with a reason where there has to be one; "It failed" says that something was thrown on the way. */
const AN_OUTCOME = {
  outcome: expect.stringMatching(/^(true|false|undetermined)$/),
  why: expect.stringMatching(/^(?!It failed)/),
};

it('compiles or refuses whatever is written, and says where', () => {
  const chance = seededChance();
  for (let index = 0; index < rounds(40_000); index += 1) {
    const source = randomSource(chance);
    const condition = compiledOrRefused(source);
    if (!condition) continue;
    const asked = input({ attributes: randomAttributes(chance) });
    expect([source, condition.evaluate(asked)]).toEqual([source, AN_OUTCOME]);
    condition.facts(asked);
  }
});

function compiledOrRefused(source: string) {
  try {
    return compileCondition(source);
  } catch (error) {
    if (!(error instanceof ConditionError))
      throw new Error(`Not a refusal: ${JSON.stringify(source)}`, { cause: error });
    const { start, end, message } = error;
    expect([source, start, end]).toEqual([source, expect.any(Number), expect.any(Number)]);
    if (!(start >= 0 && start <= end && end <= source.length) || !/^.{3,}\.$/s.test(message)) {
      throw new Error(`A refusal that says nothing: ${JSON.stringify(source)}`, { cause: error });
    }
    return undefined;
  }
}

function randomSource(chance: Chance): string {
  const kind = chance.below(4);
  if (kind === 0)
    return Buffer.from(Array.from({ length: chance.below(60) }, () => chance.below(256))).toString('latin1');
  if (kind === 1) return Array.from({ length: chance.below(20) }, () => chance.pick(TOKENS)).join('');
  const source = textOf(randomCondition(chance, 1 + chance.below(4), true));
  if (kind === 2) return mutated(chance, source);
  return mutated(chance, mutated(chance, source));
}

function mutated(chance: Chance, source: string): string {
  const from = chance.below(source.length + 1);
  const to = Math.min(source.length, from + chance.below(6));
  const [before, part, after] = [source.slice(0, from), source.slice(from, to), source.slice(to)];
  return chance.pick([
    before + after,
    before + part + part + after,
    before,
    before + chance.pick(TOKENS) + after,
    after + before,
    `(${source})`,
  ]);
}
