import { describe, expect, it } from 'vitest';
import type { Condition, Outcome } from '../condition/condition.ts';
import { EVALUATION_STEPS_MAX, QUESTION_STEPS_MAX, REQUEST_STEPS_MAX, type StepCount } from '../condition/steps.ts';
import type { Question } from './decide.ts';
import { QuestionMeter } from './question-meter.ts';
import { StepsTooMany } from './steps-refusal.ts';
import { ENDLESS, openTurns } from './turns.ts';

const QUESTION = {} as Question;

/** A condition that takes so many steps, and how often it was evaluated. */
function costing(steps: number, outcome: Outcome = 'true'): Condition & { evaluations: number } {
  const condition = {
    source: `${steps}`,
    evaluations: 0,
    evaluate(_: Question, count?: StepCount) {
      condition.evaluations += 1;
      if (count) count.steps += steps;
      return { outcome, why: '' };
    },
    facts: () => [],
    openFacts: new Set<never>(),
  };
  return condition;
}

const refuse = (limit: 'question' | 'request' | 'turns') => new StepsTooMany(limit);
const endless = () => new QuestionMeter(refuse, ENDLESS);
const many = (count: number, steps: number) => Array.from({ length: count }, () => costing(steps));
const evaluateAll = (meter: QuestionMeter, conditions: readonly Condition[]) => {
  for (const each of conditions) meter.evaluate(each, QUESTION);
  return meter.settle('answer');
};

describe('a meter', () => {
  it('evaluates a condition once for a question, and again for another', () => {
    const condition = costing(10);
    const meter = endless().next();
    expect(evaluateAll(meter, [condition, condition, condition])).toBe('answer');
    expect(condition.evaluations).toBe(1);
    evaluateAll(meter.next(), [condition]);
    expect(condition.evaluations).toBe(2);
  });

  it('takes what came of it for a question that is alike, and counts its steps there as well', () => {
    const conditions = many(10, EVALUATION_STEPS_MAX);
    const meter = endless().next();
    expect(evaluateAll(meter, conditions)).toBe('answer');
    expect(evaluateAll(meter.nextAlike().resume(), conditions)).toBe('answer');
    expect(() => evaluateAll(meter.nextAlike().resume(), [...conditions, costing(1)])).toThrow(StepsTooMany);
    expect(conditions.map(({ evaluations }) => evaluations)).toEqual(Array(10).fill(1));
  });

  it('refuses a question only beyond its limit, evaluates nothing more of it, and is good for the next', () => {
    const meter = endless().next();
    const last = costing(1);
    expect(evaluateAll(meter, many(10, QUESTION_STEPS_MAX / 10))).toBe('answer');
    expect(() => evaluateAll(meter, [costing(1), last])).toThrow(expect.objectContaining({ limit: 'question' }));
    expect(meter.limit).toBe('question');
    expect(last.evaluations).toBe(0);
    expect(evaluateAll(meter.next(), [last])).toBe('answer');
  });

  it('counts no more for an evaluation than one may take', () => {
    expect(evaluateAll(endless().next(), many(10, EVALUATION_STEPS_MAX * 2))).toBe('answer');
  });

  it('refuses a request beyond its limit, with every question that is still open', () => {
    const request = { steps: 0 };
    const [one, other] = [endless(), endless()];
    for (let question = 0; question < REQUEST_STEPS_MAX / QUESTION_STEPS_MAX; question += 1) {
      expect(evaluateAll(one.next(request), many(10, EVALUATION_STEPS_MAX))).toBe('answer');
    }
    expect(request.steps).toBe(REQUEST_STEPS_MAX);
    other.next(request);
    expect(evaluateAll(other, [])).toBe('answer');
    expect(() => evaluateAll(one.next(request), [costing(1)])).toThrow(expect.objectContaining({ limit: 'request' }));
    const untouched = costing(1);
    expect(() => evaluateAll(other, [untouched])).toThrow(expect.objectContaining({ limit: 'request' }));
    expect(untouched.evaluations).toBe(0);
  });

  it('lets ten questions be asked together, whatever each takes', () => {
    const request = { steps: 0 };
    const meter = endless();
    for (let question = 0; question < REQUEST_STEPS_MAX / QUESTION_STEPS_MAX; question += 1) {
      expect(() => evaluateAll(meter.next(request), many(30, EVALUATION_STEPS_MAX))).toThrow(
        expect.objectContaining({ limit: 'question' }),
      );
    }
  });

  it('stops where a turn has had enough, and remembers what it has evaluated', () => {
    const due: (() => void)[] = [];
    const turns = openTurns((next) => due.push(next));
    const meter = new QuestionMeter(refuse, turns).next();
    const conditions = many(5, EVALUATION_STEPS_MAX);
    const attempts = () => {
      let count = 1;
      while (evaluateAll(meter.resume(), conditions) === undefined) {
        expect(meter.isStopped).toBe(true);
        expect(meter.evaluate(costing(1, 'false'), QUESTION).outcome).toBe('undetermined');
        count += 1;
        for (const next of due.splice(0)) next();
      }
      return count;
    };
    expect(attempts()).toBe(3);
    expect(conditions.map(({ evaluations }) => evaluations)).toEqual(Array(5).fill(1));
    // It is known now that they take long, and each gets a turn of its own.
    meter.next();
    for (const next of due.splice(0)) next();
    expect(attempts()).toBe(5);
    expect(conditions.map(({ evaluations }) => evaluations)).toEqual(Array(5).fill(2));
  });

  it('goes on in the turns to come, and gives up with the signal', async () => {
    const meter = new QuestionMeter(refuse).next();
    const conditions = many(8, EVALUATION_STEPS_MAX);
    const work = () => evaluateAll(meter.resume(), conditions);
    expect(await meter.finish(work, undefined)).toBe('answer');
    const abort = new AbortController();
    const another = new QuestionMeter(refuse).next();
    const late = another.finish(() => {
      abort.abort(new Error('too late'));
      return evaluateAll(another.resume(), many(3, EVALUATION_STEPS_MAX));
    }, abort.signal);
    await expect(late).rejects.toThrow('too late');
  });
});
