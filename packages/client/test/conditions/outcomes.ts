import { seededChance } from '@gatehouse/testing/chance';
import { ConditionError, compileCondition } from '../../src/policy/index.ts';
import { input } from './asked.ts';
import { randomCondition, textOf } from './random-expression.ts';
import { randomAttributes } from './random-values.ts';

const GETTERS = [
  'FullYear',
  'Month',
  'Date',
  'DayOfMonth',
  'DayOfWeek',
  'DayOfYear',
  'Hours',
  'Minutes',
  'Seconds',
  'Milliseconds',
];
/** Around the hours in which clocks are put on or back in the zones that this is run in. */
const TIMES = [
  '2026-03-29T01:30:00Z',
  '2026-10-25T00:30:00Z',
  '2026-03-08T10:00:00Z',
  '2026-11-01T05:30:00Z',
  '2011-12-30T10:00:00Z',
  '1900-01-01T00:00:00Z',
  '1969-12-31T23:59:59.999Z',
  '0001-01-01T00:00:00Z',
];
const ZONES = [
  '',
  '"UTC"',
  '"Europe/Berlin"',
  '"America/New_York"',
  '"Pacific/Apia"',
  '"Asia/Kolkata"',
  '"+05:45"',
  '"-02:30"',
];

/** Conditions on times, each part of each; and as many random ones. What each gives, in order. */
export function outcomesHere(seed: number, count: number): readonly string[] {
  const outcomes: string[] = [];
  for (const time of TIMES) {
    for (const zone of ZONES) {
      for (const getter of GETTERS) {
        // The value comes out bit by bit, since a condition gives no more than that.
        for (const bit of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
          outcomes.push(outcome(`timestamp(context.t).get${getter}(${zone}) / ${2 ** bit} % 2 == 1`, { t: time }));
        }
      }
    }
  }
  const chance = seededChance(seed);
  for (let index = 0; index < count; index += 1) {
    const source = textOf(randomCondition(chance, 1 + chance.below(4), true));
    outcomes.push(outcome(source, randomAttributes(chance)));
  }
  return outcomes;
}

function outcome(source: string, attributes: Readonly<Record<string, unknown>>): string {
  try {
    const { outcome: given, why } = compileCondition(source).evaluate(input({ attributes }));
    return `${source}: ${given} ${why}`;
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return `${source}: ${error.message}`;
  }
}
