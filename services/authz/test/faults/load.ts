import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isFailure } from '@gatehouse/failure';
import { waitFor } from '@gatehouse/testing';
import { seededChance } from '@gatehouse/testing/chance';
import { atLeast, type Fixture, FULLY } from '../fixture.ts';
import { grantedUsers, type Known, userOfChangingRole } from './known.ts';

export interface LoadOptions {
  /** Instances that are asked. */
  readonly instances: readonly Fixture[];
  /** Instances that make changes; by default all of them. */
  readonly writers?: readonly Fixture[];
  /** For how long a check that demands nothing may be answered as before a change was acknowledged. */
  readonly boundMs: number;
}

/** What an instance has answered since the load began or `mark` was called. */
export interface Tally {
  allowed: number;
  denied: number;
  unavailable: number;
}

/** Checks without a token, with one and by Postgres, while grants and a role change, and a judgement of each answer. */
export interface Load {
  /** Answers that may never be given, in words. */
  readonly wrong: readonly string[];
  tally(instance: Fixture): Readonly<Tally>;
  /** Begins the tallies anew. */
  mark(): void;
  /** Waits until the condition holds. Rejects as soon as there is a wrong answer. */
  until(condition: () => boolean): Promise<void>;
  /** Waits until every instance has allowed and denied so often, and so many changes were made, since now. */
  progress(answers: number, changes: number): Promise<void>;
  stop(): Promise<void>;
  /** Once it has stopped: asks every instance about every user in each way, and says what is not as it should be. */
  audit(): Promise<string[]>;
}

type Way = 'bounded' | 'token' | 'full';

/** Loops of each way for each instance. */
const WAYS: readonly Way[] = ['bounded', 'bounded', 'bounded', 'token', 'full'];
/** Each instance that makes changes pauses after one, so that they do not come all at once. */
const PAUSE_MS = 100;
/** Every so many questions are about the user who was changed last. */
const JUST_NOW_EVERY = 2;
/** A change is followed by the next of the same user only after so many bounds: until then an old answer shows. */
const REST_BOUNDS = 1.5;
const RETRY_MS = 20;
/** Between two steps of a loop: enough is asked all the same, and what is tested has the cores to itself meanwhile. */
const BREATH_MS = 25;
const { below } = seededChance();
const WRONG_SHOWN_MAX = 10;

/** Makes the users, and starts the load; it goes on until it is stopped. */
export async function startLoad({ instances, writers = instances, boundMs }: LoadOptions): Promise<Load> {
  const [first] = writers;
  if (!first) throw new Error('Somebody has to make changes.');
  const all = [...(await grantedUsers(first)), await userOfChangingRole(first)];
  const wrong: string[] = [];
  const tallies = new Map(instances.map((instance) => [instance, newTally()]));
  const tallyOf = (instance: Fixture) => tallies.get(instance) ?? newTally();
  /** When each may be changed again; Infinity while it is changed. */
  const restingUntilMs = new Map<Known, number>();
  // What is asked with a token or of Postgres mends memory by the way; of the others only memory and its bound are asked.
  const askedInAnyWay = all.filter((_, index) => index % 2 === 0);
  let latest = oneOf(all);
  let running = true;
  let turn = 0;
  let changes = 0;

  const ask = async (instance: Fixture, known: Known, way: Way): Promise<string | undefined> => {
    const { token } = known;
    const requirement = way === 'full' || (way === 'token' && !token) ? FULLY : way === 'token' && atLeast(token);
    const sentAtMs = performance.now();
    const answer = await outcome(instance.allowed(known.userId, known.permission, requirement || undefined));
    const tally = tallyOf(instance);
    if ('kind' in answer) {
      tally.unavailable += 1;
      return answer.kind === 'unavailable' ? undefined : `a check ended with ${answer.kind} ${answer.reason}`;
    }
    tally[answer.value ? 'allowed' : 'denied'] += 1;
    const staleMs = Math.max(0, sentAtMs - lastTrueMs(known, answer.value));
    if (staleMs <= (way === 'bounded' ? boundMs : 0)) return undefined;
    return `${way}: ${answer.value ? 'allowed' : 'denied'} ${Math.round(staleMs)} ms after that had changed`;
  };
  const askOne = async (instance: Fixture, way: Way) => {
    turn += 1;
    const among = way === 'bounded' ? all : askedInAnyWay;
    const known = turn % JUST_NOW_EVERY === 0 && among.includes(latest) ? latest : oneOf(among);
    const complaint = await ask(instance, known, way);
    if (complaint) wrong.push(complaint);
  };
  const changeOne = async () => {
    await delay(PAUSE_MS);
    const rested = all.filter((each) => (restingUntilMs.get(each) ?? 0) < performance.now());
    if (rested.length === 0) return;
    const known = oneOf(rested);
    restingUntilMs.set(known, Number.POSITIVE_INFINITY);
    const [before] = known.states;
    const isAllowed = !before?.isAllowed;
    known.states.unshift({ isAllowed, untilMs: Number.POSITIVE_INFINITY });
    latest = known;
    const idempotencyKey = randomUUID();
    // A change without an answer may have been made or not: it is asked for, of any instance, until there is one.
    for (let token: string | undefined; token === undefined && running; ) {
      const answer = await outcome(known.change(oneOf(writers), isAllowed, { idempotencyKey }));
      if ('value' in answer) token = answer.value;
      else if (!['unavailable', 'deadline', 'cancelled'].includes(answer.kind)) throw new Error(answer.reason);
      else await delay(RETRY_MS);
      if (token === undefined) continue;
      if (before) before.untilMs = performance.now();
      known.token = token;
      changes += 1;
      restingUntilMs.set(known, performance.now() + REST_BOUNDS * boundMs);
    }
  };

  const repeat = async (step: () => Promise<void>) => {
    while (running) {
      await step().catch((error: unknown) => wrong.push(String(error)));
      await delay(BREATH_MS);
    }
  };
  const loops = [
    ...writers.map(() => repeat(changeOne)),
    ...instances.flatMap((instance) => WAYS.map((way) => repeat(() => askOne(instance, way)))),
  ];
  const load: Load = {
    wrong,
    tally: tallyOf,
    mark() {
      for (const instance of instances) tallies.set(instance, newTally());
    },
    async until(condition) {
      await waitFor(() => wrong.length > 0 || condition());
      if (wrong.length > 0) throw new Error(`Wrong answers: ${wrong.slice(0, WRONG_SHOWN_MAX).join('; ')}`);
    },
    async progress(answers, made) {
      load.mark();
      const before = changes;
      const isEnough = ({ allowed, denied }: Tally) => allowed >= answers && denied >= answers;
      await load.until(() => instances.every((each) => isEnough(tallyOf(each))) && changes >= before + made);
    },
    async stop() {
      running = false;
      await Promise.all(loops);
    },
    async audit() {
      const ways: Way[] = ['bounded', 'token', 'full'];
      const asked = instances.flatMap((instance) =>
        all.flatMap((known) => ways.map((way) => ask(instance, known, way))),
      );
      return (await Promise.all(asked)).flatMap((complaint) => complaint ?? []);
    },
  };
  return load;
}

/** When the answer may have been true for the last time; Infinity: it may be still. */
function lastTrueMs({ states }: Known, isAllowed: boolean): number {
  return states.find((state) => state.isAllowed === isAllowed)?.untilMs ?? Number.NEGATIVE_INFINITY;
}

function oneOf<T>(all: readonly T[]): T {
  const one = all[below(all.length)];
  if (one === undefined) throw new Error('There is nothing to choose from.');
  return one;
}

function newTally(): Tally {
  return { allowed: 0, denied: 0, unavailable: 0 };
}

async function outcome<T>(
  answer: Promise<T>,
): Promise<{ readonly value: T } | { readonly kind: string; readonly reason: string }> {
  try {
    return { value: await answer };
  } catch (error) {
    if (isFailure(error)) return { kind: error.kind, reason: error.reason };
    throw error;
  }
}
