import { setTimeout as delay } from 'node:timers/promises';
import { isFailure } from '@gatehouse/failure';
import { Freshness, RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { waitFor } from '@gatehouse/testing';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import type { StartedSession } from '../harness.ts';

/** A session, and what is known of it at the moment. Times are of performance.now(). */
export interface Known {
  readonly sessionToken: string;
  /** When its revocation was first asked for. */
  revokingAtMs?: number;
  /** When a revocation of it was acknowledged. */
  revokedAtMs?: number;
}

export interface LoadOptions {
  /** Instances that validate. */
  readonly instances: readonly StartedSession[];
  /** Instances that create and revoke; by default all of them. */
  readonly writers?: readonly StartedSession[];
  /** For how long a bounded validation may accept a session after its revocation was acknowledged. */
  readonly boundMs: number;
}

/** What an instance has answered since the load began or `mark` was called. */
export interface Tally {
  accepted: number;
  refused: number;
  unavailable: number;
  /** The longest time between an acknowledged revocation and a question that the instance still accepted; 0: none. */
  acceptedAfterMs: number;
}

/** Validations of many sessions at once, while sessions are created and revoked, and a judgement of each answer. */
export interface Load {
  readonly sessions: readonly Known[];
  readonly revoked: number;
  /** Answers that may never be given, in words. */
  readonly wrong: readonly string[];
  tally(instance: StartedSession): Readonly<Tally>;
  /** Begins the tallies anew. */
  mark(): void;
  /** Waits until the condition holds. Rejects as soon as there is a wrong answer. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Loops of each kind for each instance. */
const BOUNDED_LOOPS = 4;
const STRICT_LOOPS = 1;
/** Loops that create and revoke, for each instance that does. */
const WRITE_LOOPS = 2;
/** Between two steps of a loop: enough is asked all the same, and what is tested has the cores to itself meanwhile. */
const BREATH_MS = 40;
/** Sessions that live at the same time before the oldest are revoked. */
const ALIVE = rounds(60, 30);
/** Sessions are asked for until their revocation is this many bounds ago. */
const WATCHED_BOUNDS = 3;
/** At least so many that were revoked are asked for. */
const WATCHED_MIN = 20;
/** So many that were revoked last are asked for most. */
const JUST_NOW = 3;
const PICKS = 3;
/** Most sessions that one run makes. */
const SESSIONS_MAX = 20_000;
const WRONG_SHOWN_MAX = 10;

const { below } = seededChance();
const { FRESHNESS_BOUNDED, FRESHNESS_STRICT } = Freshness;
const REASON = RevokedReason.REVOKED_REASON_LOGOUT;

/** So many of what a test waits for when it is run in full, and a third of it otherwise. */
export const much = (count: number) => rounds(count, Math.ceil(count / 3));

/** Starts the load; it goes on until it is stopped. */
export function startLoad({ instances, writers = instances, boundMs }: LoadOptions): Load {
  const alive: Known[] = [];
  const revoked: Known[] = [];
  const sessions: Known[] = [];
  const wrong: string[] = [];
  const tallies = new Map(instances.map((instance) => [instance, newTally()]));
  const tallyOf = (instance: StartedSession) => tallies.get(instance) ?? newTally();
  let running = true;
  let turn = 0;
  let firstWatched = 0;

  const watchedFrom = () => {
    const longAgoMs = performance.now() - WATCHED_BOUNDS * boundMs;
    while (revoked.length - firstWatched > WATCHED_MIN && (revoked[firstWatched]?.revokedAtMs ?? 0) < longAgoMs) {
      firstWatched += 1;
    }
    return firstWatched;
  };
  /** One that is alive, one that was revoked lately, or one that was revoked just now. */
  const pick = (turn: number): Known | undefined => {
    if (turn === 0) return oneOf(alive);
    return oneOf(revoked, turn === 1 ? watchedFrom() : Math.max(0, revoked.length - JUST_NOW));
  };

  const validateOne = async (instance: StartedSession, freshness: Freshness) => {
    const known = pick(turn++ % PICKS);
    if (!known) return;
    const sentAtMs = performance.now();
    const sinceRevokedMs = known.revokedAtMs === undefined ? undefined : sentAtMs - known.revokedAtMs;
    const answer = await outcome(instance.validate(known.sessionToken, freshness));
    const tally = tallyOf(instance);
    if (answer.kind === 'accepted') {
      tally.accepted += 1;
      if (sinceRevokedMs === undefined) return;
      tally.acceptedAfterMs = Math.max(tally.acceptedAfterMs, sinceRevokedMs);
      const [how, allowedMs] = freshness === FRESHNESS_STRICT ? ['strict', 0] : ['bounded', boundMs];
      if (sinceRevokedMs > allowedMs) wrong.push(`${how}: accepted ${sinceRevokedMs} ms after the revocation`);
    } else if (answer.kind === 'unauthenticated') {
      tally.refused += 1;
      if (known.revokingAtMs === undefined) wrong.push(`a good session was refused with ${answer.reason}`);
      else if (answer.reason !== 'SESSION_REVOKED') wrong.push(`a revoked session was refused with ${answer.reason}`);
    } else {
      tally.unavailable += 1;
      if (answer.kind !== 'unavailable') wrong.push(`a validation ended with ${answer.kind} ${answer.reason}`);
    }
  };
  const createOne = async (instance: StartedSession) => {
    if (sessions.length >= SESSIONS_MAX) throw new Error('The load has made too many sessions.');
    const { sessionToken } = await instance.create();
    const known: Known = { sessionToken };
    sessions.push(known);
    alive.push(known);
  };
  const revokeOne = async (instance: StartedSession) => {
    const known = alive.shift();
    if (!known) return;
    known.revokingAtMs = performance.now();
    const target = { $case: 'sessionToken' as const, value: known.sessionToken };
    // A revocation without an answer may have happened or not; it is asked for until there is one.
    while ((await outcome(instance.app.revokeSession({ target, reason: REASON }))).kind !== 'accepted') {}
    known.revokedAtMs = performance.now();
    revoked.push(known);
  };

  const repeat = async (step: () => Promise<void>) => {
    while (running) {
      await step().catch((error: unknown) => wrong.push(String(error)));
      await delay(BREATH_MS);
    }
  };
  const loops = [
    ...writers.flatMap((writer) => {
      const change = () => (alive.length < ALIVE ? createOne(writer) : revokeOne(writer));
      return Array.from({ length: WRITE_LOOPS }, () => repeat(change));
    }),
    ...instances.flatMap((instance) => [
      ...Array.from({ length: BOUNDED_LOOPS }, () => repeat(() => validateOne(instance, FRESHNESS_BOUNDED))),
      ...Array.from({ length: STRICT_LOOPS }, () => repeat(() => validateOne(instance, FRESHNESS_STRICT))),
    ]),
  ];
  return {
    sessions,
    wrong,
    get revoked() {
      return revoked.length;
    },
    tally: tallyOf,
    mark() {
      for (const instance of instances) tallies.set(instance, newTally());
    },
    async until(condition) {
      await waitFor(() => wrong.length > 0 || condition());
      if (wrong.length > 0) throw new Error(`Wrong answers: ${wrong.slice(0, WRONG_SHOWN_MAX).join('; ')}`);
    },
    async stop() {
      running = false;
      await Promise.all(loops);
    },
  };
}

/** Asks every instance about every session in both ways, and says what is not as it should be. */
export async function audit(sessions: readonly Known[], instances: readonly StartedSession[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const known of sessions) {
    const expected = known.revokingAtMs === undefined ? 'accepted' : 'SESSION_REVOKED';
    const asked = instances.flatMap((instance) =>
      [FRESHNESS_BOUNDED, FRESHNESS_STRICT].map((freshness) =>
        outcome(instance.validate(known.sessionToken, freshness)),
      ),
    );
    for (const { reason } of await Promise.all(asked)) {
      if (reason !== expected) wrong.push(`${reason} instead of ${expected}`);
    }
  }
  return wrong;
}

function oneOf(all: readonly Known[], from = 0): Known | undefined {
  return all[from + below(all.length - from)];
}

function newTally(): Tally {
  return { accepted: 0, refused: 0, unavailable: 0, acceptedAfterMs: 0 };
}

async function outcome(answer: Promise<unknown>): Promise<{ readonly kind: string; readonly reason: string }> {
  try {
    await answer;
    return { kind: 'accepted', reason: 'accepted' };
  } catch (error) {
    if (isFailure(error)) return { kind: error.kind, reason: error.reason };
    throw error;
  }
}
