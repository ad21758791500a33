import { type Chance, rounds, seededChance } from '@gatehouse/testing/chance';
import { expect, it } from 'vitest';
import type { Condition, Outcome } from '../condition/condition.ts';
import { EVALUATION_STEPS_MAX, type StepCount } from '../condition/steps.ts';
import { decide, type Question } from './decide.ts';
import { explain } from './explain.ts';
import { type Grant, plainGrant } from './grant.ts';
import { compileModel, type HeldPermission, type Model } from './model.ts';
import { QuestionMeter } from './question-meter.ts';
import { StepsTooMany } from './steps-refusal.ts';
import { openTurns } from './turns.ts';

const CASES = rounds(2_000);
const HITS_MIN = rounds(80);
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
const refuse = (limit: 'question' | 'request' | 'turns') => new StepsTooMany(limit);

/** Conditions that each take what they take and come out as they do. */
interface Conditions {
  readonly all: readonly Condition[];
  /** How often each was evaluated since. */
  evaluations(): ReadonlyMap<string, number>;
}

function conditionsOf({ pick, below, happens }: Chance): Conditions {
  const evaluations = new Map<string, number>();
  const isHeavy = happens(0.7);
  const outcomes: readonly Outcome[] = pick([
    ['false'],
    ['false'],
    ['false', 'undetermined'],
    ['true', 'false', 'undetermined'],
  ]);
  const all = Array.from({ length: 1 + below(50) }, (_, index): Condition => {
    const source = `${below(1_000)} ${index}`;
    const steps = isHeavy
      ? pick([10, EVALUATION_STEPS_MAX / 2, EVALUATION_STEPS_MAX, EVALUATION_STEPS_MAX])
      : 1 + below(100);
    const evaluated = { outcome: pick(outcomes), why: `why ${source}` };
    return {
      source,
      evaluate(_, count?: StepCount) {
        evaluations.set(source, (evaluations.get(source) ?? 0) + 1);
        if (count) count.steps += steps;
        return evaluated;
      },
      facts: () => [],
      openFacts: new Set<never>(),
    };
  });
  return { all, evaluations: () => evaluations };
}

function modelOf({ below, pick, happens }: Chance, { all }: Conditions): Model {
  const denies = happens(0.4);
  const held = (): HeldPermission => ({
    name: pick(['invoices:read', 'invoices:*', '*:read', '*:*', 'payroll:read']),
    effect: denies && happens(0.3) ? 'deny' : 'allow',
    condition: happens(0.4) ? pick(all) : undefined,
  });
  const roles = Array.from({ length: 4 }, (_, index) => ({
    id: `role-${index}`,
    name: `role-${index}`,
    parentId: undefined,
    permissions: Array.from({ length: 1 + below(3) }, held),
  }));
  return compileModel(1n, roles);
}

function grantsOf({ below, pick, happens }: Chance, { all }: Conditions): readonly Grant[] {
  const isCertain = happens(0.2);
  return Array.from({ length: below(80) }, () => ({
    ...plainGrant(`role-${below(4)}`),
    condition: isCertain && happens(0.05) ? undefined : pick(all),
  }));
}

/** What comes of the question, as text; a refusal as well. */
function told(work: () => unknown): string {
  try {
    return JSON.stringify(work());
  } catch (error) {
    if (!(error instanceof StepsTooMany)) throw error;
    return `refused ${error.limit}`;
  }
}

/** Decides a piece in every turn. */
function inTurns<Result>(decideOnce: (meter: QuestionMeter) => Result | undefined): { result: Result; turns: number } {
  const due: (() => void)[] = [];
  const meter = new QuestionMeter(
    refuse,
    openTurns((next) => due.push(next)),
  ).next();
  for (let turns = 1; ; turns += 1) {
    const result = decideOnce(meter);
    if (result !== undefined) return { result, turns };
    for (const next of due.splice(0)) next();
  }
}

it('the order of grants decides nothing, and neither do pauses, in cases made by chance', () => {
  const random = seededChance();
  const hits = new Map<string, number>();
  const hit = (name: string, happened: boolean) => hits.set(name, (hits.get(name) ?? 0) + (happened ? 1 : 0));
  for (let index = 0; index < CASES; index += 1) {
    const conditions = conditionsOf(random);
    const model = modelOf(random, conditions);
    const grants = grantsOf(random, conditions);
    const answer = told(() => decide(model, grants, QUESTION));
    const evaluations = [...conditions.evaluations().values()];
    expect(Math.max(0, ...evaluations)).toBeLessThanOrEqual(1);
    const named = grants.map((grant, place) => ({ ...grant, id: `grant-${place}` }));
    const explained = told(() => {
      const { isAllowed, undetermined } = explain(model, named, QUESTION);
      return { isAllowed, undetermined: undetermined !== '' };
    });

    for (let again = 0; again < 3; again += 1) {
      const shuffled = grants
        .map((grant) => ({ grant, place: random.below(1_000) }))
        .sort((a, b) => a.place - b.place)
        .map(({ grant }) => grant);
      expect(told(() => decide(model, shuffled, QUESTION))).toBe(answer);
    }
    let turns = 0;
    const paused = told(() => {
      const found = inTurns((meter) => decide(model, grants, QUESTION, meter));
      turns = found.turns;
      return found.result;
    });
    expect(paused).toBe(answer);
    expect(told(() => inTurns((meter) => explain(model, named, QUESTION, meter)).result)).toBe(
      told(() => explain(model, named, QUESTION)),
    );
    const isRefused = answer.startsWith('refused');
    if (isRefused) expect(explained).toBe(answer);
    else {
      const { isAllowed, undetermined } = JSON.parse(answer);
      expect(JSON.parse(explained)).toEqual({ isAllowed, undetermined: undetermined !== '' });
    }
    hit('refused', isRefused);
    hit('allowed', answer.includes('true'));
    hit('denied', answer.includes('false'));
    hit('in several turns', turns > 1);
    hit('by many evaluations', evaluations.length > 10);
  }
  expect(hits.size).toBe(5);
  for (const [name, count] of hits) expect(count, name).toBeGreaterThan(HITS_MIN);
});

it('what needs no condition decides before any is evaluated', () => {
  const heavy = (source: string): Condition => ({
    source,
    evaluate() {
      throw new Error('It is not to be evaluated.');
    },
    facts: () => [],
    openFacts: new Set<never>(),
  });
  const held = (effect: HeldPermission['effect'], condition?: Condition) => ({ name: '*:read', effect, condition });
  const role = (id: string, ...permissions: HeldPermission[]) => ({ id, name: id, parentId: undefined, permissions });
  const open = [role('reader', held('allow')), role('perhaps', held('allow', heavy('of the permission')))];
  const conditional = [{ ...plainGrant('reader'), condition: heavy('of the grant') }, plainGrant('perhaps')];
  const allowing = compileModel(1n, open);
  expect(decide(allowing, [...conditional, plainGrant('reader')], QUESTION).isAllowed).toBe(true);
  const denying = compileModel(1n, [...open, role('barred', held('deny'))]);
  expect(decide(denying, [...conditional, plainGrant('barred')], QUESTION).isAllowed).toBe(false);
});
