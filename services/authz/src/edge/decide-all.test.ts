import { type Condition, compileModel, plainGrant, type Verdict } from '@gatehouse/client/policy';
import type { Failure } from '@gatehouse/failure';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BOUNDED, FULL } from '../domain/consistency.ts';
import { plainly, type Question } from '../domain/question.ts';
import { openDecisions } from '../store/decisions.ts';
import { type Asking, decideAll } from './decide-all.ts';

/** The limits that docs/policy.md names. */
const EVALUATION = 100_000;
const QUESTION = 1_000_000;
const REQUEST = 10_000_000;
const TURN = 200_000;
/** What is counted here begins and ends in the middle of a turn. */
const TURNS_MAX = 2 * TURN;

/** What conditions took in each turn of the event loop, while the test runs. */
let turns: number[] = [];
let evaluations = 0;
/** Is called after every evaluation. */
let evaluated: (count: number) => void = () => {};
let ticking: NodeJS.Immediate;

beforeEach(() => {
  turns = [0];
  evaluations = 0;
  evaluated = () => {};
  const tick = () => {
    turns.push(0);
    ticking = setImmediate(tick);
  };
  ticking = setImmediate(tick);
});
afterEach(() => {
  clearImmediate(ticking);
  vi.useRealTimers();
});

function costing(steps: number, source: string): Condition {
  return {
    source,
    evaluate(_, count) {
      if (count) count.steps += steps;
      turns[turns.length - 1] = (turns.at(-1) ?? 0) + steps;
      evaluations += 1;
      evaluated(evaluations);
      return { outcome: 'false', why: '' };
    },
    facts: () => [],
  } as Partial<Condition> as Condition;
}

const HELD = { name: 'a:b', effect: 'allow' as const, condition: undefined };
const MODEL = compileModel(1n, [{ id: 'role', name: 'role', parentId: undefined, permissions: [HELD] }]);
/** Users, by what the condition of each of their grants takes. */
const USERS: Readonly<Record<string, readonly number[]>> = {
  plain: [],
  light: [10],
  heavy: [EVALUATION],
  heaviest: Array(10).fill(EVALUATION),
  beyond: Array(11).fill(EVALUATION),
};

/** Users without a condition hold the role as it is. */
function grantsOf(user: string) {
  const steps = USERS[user.split(' ')[0] ?? ''] ?? [];
  const conditional = steps.map((each, index) => ({
    ...plainGrant('role'),
    condition: costing(each, `${user} ${index}`),
  }));
  return { grants: steps.length > 0 ? conditional : [plainGrant('role')], modelRevision: 1n };
}

const decisions = openDecisions({
  grants: {
    peek: grantsOf,
    get: async (user: string) => ({ state: 'found', value: grantsOf(user), version: 1n, layer: 'l2' }),
  },
  models: { peek: () => MODEL, current: async () => MODEL, reach: async () => MODEL },
  bus: { current: true },
  databaseClock: { nowMs: () => 0 },
  timeline: { isLost: () => false },
} as unknown as Parameters<typeof openDecisions>[0]);
const events = { permissionChecked() {} } as unknown as Parameters<typeof decideAll>[0]['events'];
const decide = decideAll<string>(
  { decisions, events },
  {
    of: ({ isAllowed }: Verdict) => (isAllowed ? 'allowed' : 'denied'),
    ofError: ({ reason }: Failure) => reason,
  },
);

const questions = (users: readonly string[], demand = BOUNDED): Question[] =>
  users.map((user, index) => ({ ...plainly(`${user} ${index}`, 'a:b'), demand, nowMs: 0 }));
const asking = (signal = new AbortController().signal, deadlineMs = Date.now() + 60_000) =>
  ({ signal, deadlineMs }) as Asking;
const repeated = (user: string, count: number) => Array<string>(count).fill(user);

describe('a batch whose conditions take long', () => {
  it('is no promise while they do not, and while memory knows all', () => {
    expect(decide(questions([...repeated('plain', 200), ...repeated('light', 200)]), asking())).toEqual([
      ...repeated('allowed', 200),
      ...repeated('denied', 200),
    ]);
  });

  it.each([
    ['memory', BOUNDED],
    ['a store', FULL],
  ])('gives way between questions and inside of one, with grants from %s', async (_, demand) => {
    const users = [...repeated('heavy', 9), 'plain', ...repeated('heaviest', 2), 'light'];
    const results = await decide(questions(users, demand), asking());
    expect(results).toEqual(users.map((user) => (user === 'plain' ? 'allowed' : 'denied')));
    expect(evaluations).toBe(9 + 20 + 1);
    expect(Math.max(...turns)).toBeLessThanOrEqual(TURNS_MAX);
    expect(turns.filter((steps) => steps > 0).length).toBeGreaterThanOrEqual((29 * EVALUATION) / TURN);
  });

  it('lets others be answered meanwhile', async () => {
    const ended: string[] = [];
    const long = Promise.resolve(decide(questions(repeated('heavy', 50)), asking())).then(() => ended.push('long'));
    for (let index = 0; index < 5; index += 1) {
      await Promise.resolve(decide(questions(['plain', 'light']), asking())).then(() => ended.push('short'));
    }
    await long;
    expect(ended).toEqual([...repeated('short', 5), 'long']);
  });

  it('shares turns with others that take long as well', async () => {
    const batches = Array.from({ length: 20 }, () => decide(questions(repeated('heavy', 5)), asking()));
    await Promise.all(batches);
    expect(evaluations).toBe(100);
    expect(Math.max(...turns)).toBeLessThanOrEqual(TURNS_MAX);
  });

  it.each([
    ['memory', BOUNDED],
    ['a store', FULL],
  ])('fails alone with a question that is beyond its limit, with grants from %s', async (_, demand) => {
    const results = await decide(questions(['heavy', 'beyond', 'plain', 'heaviest', 'light'], demand), asking());
    expect(results).toEqual(['denied', 'QUESTION_STEPS_TOO_MANY', 'allowed', 'denied', 'denied']);
  });

  it.each([
    ['memory', BOUNDED],
    ['a store', FULL],
  ])('is refused whole beyond the limit of a request, with grants from %s', async (_, demand) => {
    const within = repeated('heaviest', REQUEST / QUESTION);
    expect(await decide(questions(within, demand), asking())).toEqual(repeated('denied', within.length));
    evaluations = 0;
    const beyond = decide(questions([...within, ...repeated('heavy', 100)], demand), asking());
    await expect(beyond).rejects.toMatchObject({ kind: 'limited', reason: 'REQUEST_STEPS_TOO_MANY' });
    expect(evaluations).toBeLessThanOrEqual(REQUEST / EVALUATION + 1);
  });

  it('lets as many questions as fit in a request be asked together, whatever each takes', async () => {
    const users = repeated('beyond', REQUEST / QUESTION);
    expect(await decide(questions(users), asking())).toEqual(repeated('QUESTION_STEPS_TOO_MANY', users.length));
  });

  it('ends when the caller goes away, and evaluates no further', async () => {
    const caller = new AbortController();
    evaluated = (count) => {
      if (count === 5) setImmediate(() => caller.abort(new Error('gone')));
    };
    await expect(decide(questions(repeated('heavy', 60)), asking(caller.signal))).rejects.toThrow('gone');
    const stopped = evaluations;
    expect(stopped).toBeLessThan(10);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(evaluations).toBe(stopped);
  });

  it('answers what is decided a little before its deadline, and says of the rest that there was no time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    evaluated = (count) => {
      if (count === 5) vi.advanceTimersByTime(990);
    };
    const users = [...repeated('heavy', 60), 'plain'];
    const results = await decide(questions(users), asking(undefined, Date.now() + 1_000));
    expect(results.slice(0, 4)).toEqual(repeated('denied', 4));
    expect(results.slice(10, 60)).toEqual(repeated('DEADLINE_EXCEEDED', 50));
    expect(results.at(-1)).toBe('allowed');
    expect(evaluations).toBeLessThan(10);
  });
});
