import { propertyRuns } from '@gatehouse/testing/chance';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyRing, keyRing } from './key-ring.ts';
import { beginFamily, decide, type RefreshFamily, ROTATION_SLACK_MS } from './refresh-family.ts';
import { parseRefreshToken } from './refresh-token.ts';

/**
 * One client with several tabs that share what they last received, against the real decision and a store of one row. Which
 * tab goes on, what is lost, how time passes and where the store goes back to is what fast-check chooses.
 */
const KEYS = [1, 2].map((id) => ({ id, secret: Buffer.alloc(32, id) }));
const RINGS = [keyRing(KEYS), keyRing([...KEYS].reverse())] as const;
const TABS = 5;
const GRACE_MS = 30_000;
/** After this time a family rotates again. */
const AGAIN_MS = GRACE_MS + ROTATION_SLACK_MS + 1;
/** As many as the service makes. */
const SWAP_ATTEMPTS = 4;
const RUNS = 4_000;

interface Request {
  readonly token: string;
  /** When the server took it up, by its clock. */
  readonly arrivedMs: number;
  /** When its caller gives it up, by a clock that nobody sets. */
  readonly deadlineMs: number;
  attempts: number;
  /** What the server has read and not written back yet. */
  read: RefreshFamily | undefined;
  /** What is on its way to the tab. */
  answer: string | undefined;
}

interface World {
  nowMs: number;
  /** The latest time that the clock has shown. */
  latestMs: number;
  /** How much time has really passed. */
  elapsedMs: number;
  family: RefreshFamily;
  readonly history: RefreshFamily[];
  /** When each token was first used up. */
  readonly spent: Map<string, number>;
  /** Every token that was ever given out, the oldest first. */
  readonly issued: string[];
  /** What the client received last. */
  jar: string;
  readonly requests: (Request | undefined)[];
  /** What a tab has sent and had no answer to. */
  readonly unanswered: (string | undefined)[];
  lastWentBackMs: number;
  /** Writes that found another state than the one that was read. */
  conflicts: number;
  readonly verdicts: Verdict[];
}

interface Verdict {
  readonly verdict: 'accepted' | 'reused';
  /** How long before the call its token had been used up; undefined when it was not. */
  readonly spentForMs: number | undefined;
}

type Step =
  | { readonly kind: 'send'; readonly tab: number }
  | { readonly kind: 'replay'; readonly tab: number; readonly which: number }
  | { readonly kind: 'serve'; readonly tab: number; readonly ring: number; readonly steps: number }
  | { readonly kind: 'deliver' | 'lose'; readonly tab: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'go back'; readonly which: number };

const tab = fc.nat(TABS - 1);
const send = fc.record({ kind: fc.constant('send' as const), tab });
const replay = fc.record({ kind: fc.constant('replay' as const), tab, which: fc.nat(9) });
const serveWith = (ring: fc.Arbitrary<number>) =>
  fc.record({ kind: fc.constant('serve' as const), tab, ring, steps: fc.integer({ min: 1, max: 2 }) });
const serve = serveWith(fc.constant(0));
const serveByAnyRing = serveWith(fc.nat(1));
const answer = fc.record({ kind: fc.constantFrom('deliver' as const, 'lose' as const), tab });
/** Little at a time, over the end of the grace to the millisecond, or much. */
const timePasses = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: GRACE_MS / 3 }), weight: 5 },
  { arbitrary: fc.constantFrom(GRACE_MS - 1, GRACE_MS, GRACE_MS + 1, AGAIN_MS, 2 * GRACE_MS), weight: 5 },
  { arbitrary: fc.constant(3_600_000), weight: 1 },
);
const clockIsSetBack = fc.constantFrom(-1, -GRACE_MS, -2 * GRACE_MS, -3_600_000);
const waitFor = (ms: fc.Arbitrary<number>) => fc.record({ kind: fc.constant('wait' as const), ms });
const wait = waitFor(timePasses);
const waitOnAnyClock = waitFor(
  fc.oneof({ arbitrary: timePasses, weight: 11 }, { arbitrary: clockIsSetBack, weight: 1 }),
);
const goBack = fc.record({ kind: fc.constant('go back' as const), which: fc.nat(9) });

const client = [
  { arbitrary: send, weight: 5 },
  { arbitrary: answer, weight: 5 },
];
const server = [
  { arbitrary: serveByAnyRing, weight: 10 },
  { arbitrary: waitOnAnyClock, weight: 4 },
];
/** A clock that is set back while a store goes back is one accident too many. */
const losingServer = [
  { arbitrary: serve, weight: 10 },
  { arbitrary: wait, weight: 4 },
  { arbitrary: goBack, weight: 1 },
];
const thief = { arbitrary: replay, weight: 2 };
const many = { minLength: 10, maxLength: 150, size: 'max' } as const;

describe('refreshing from several tabs at once, with lost answers and clocks that are set', () => {
  it('never ends a session whose client uses what it received last and retries within the grace', () => {
    const steps = fc.array(fc.oneof(...client, ...server), many);
    fc.assert(
      fc.property(steps, (chosen) => {
        const world = play(chosen);
        expect(world.verdicts.filter(({ verdict }) => verdict === 'reused')).toEqual([]);
      }),
      propertyRuns(RUNS),
    );
  });

  it('never accepts a token that was used up longer than the grace ago', () => {
    const steps = fc.array(fc.oneof(...client, ...server, thief), many);
    fc.assert(
      fc.property(steps, (chosen) => {
        for (const { verdict, spentForMs = 0 } of play(chosen).verdicts) {
          if (verdict === 'accepted') expect(spentForMs).toBeLessThanOrEqual(GRACE_MS);
        }
      }),
      propertyRuns(RUNS),
    );
  });

  it('gives out one line of tokens, of which a store knows the last', () => {
    const steps = fc.array(fc.oneof(...client, ...server), many);
    fc.assert(
      fc.property(steps, (chosen) => {
        const { issued, family } = play(chosen);
        const generations = issued.map((text) => parseRefreshToken(RINGS[0], text).generation);
        expect(generations).toEqual(generations.map((_, index) => index));
        expect(parseRefreshToken(RINGS[0], issued.at(-1) ?? '').hash).toEqual(family.tokenHash);
      }),
      propertyRuns(RUNS / 4),
    );
  });

  it('reaches what it is about: rotations, retries, lost races and the end of the grace', () => {
    const steps = fc.array(fc.oneof(...client, ...server, thief), many);
    const worlds = fc.sample(steps, { numRuns: 500, seed: 1 }).map(play);
    const verdicts = worlds.flatMap((world) => world.verdicts);
    const counted = {
      rotations: worlds.reduce((sum, { family }) => sum + family.generation, 0),
      lostRaces: worlds.reduce((sum, { conflicts }) => sum + conflicts, 0),
      retries: verdicts.filter(({ verdict, spentForMs = 0 }) => verdict === 'accepted' && spentForMs > 0).length,
      reuses: verdicts.filter(({ verdict }) => verdict === 'reused').length,
    };
    for (const count of Object.values(counted)) expect(count).toBeGreaterThan(25);
  });

  it('still repeats what came in the last moment of the grace, when others go on meanwhile', () => {
    const world = play([
      { kind: 'send', tab: 0 },
      { kind: 'serve', tab: 0, ring: 0, steps: 2 },
      { kind: 'send', tab: 1 },
      { kind: 'serve', tab: 1, ring: 0, steps: 2 },
      { kind: 'lose', tab: 0 },
      { kind: 'deliver', tab: 1 },
      { kind: 'wait', ms: GRACE_MS },
      { kind: 'send', tab: 0 },
      { kind: 'wait', ms: ROTATION_SLACK_MS },
      { kind: 'send', tab: 1 },
      { kind: 'serve', tab: 1, ring: 0, steps: 2 },
      { kind: 'serve', tab: 0, ring: 0, steps: 2 },
      { kind: 'deliver', tab: 0 },
    ]);
    expect(world.verdicts.map(({ verdict }) => verdict)).toEqual(Array(4).fill('accepted'));
    expect(world.jar).toBe(world.issued[1]);
  });
});

describe('refreshing while the store loses what it had acknowledged', () => {
  it('never ends a session whose client uses what it received last and retries within the grace', () => {
    const steps = fc.array(fc.oneof(...client, ...losingServer), many);
    fc.assert(
      fc.property(steps, (chosen) => {
        const world = play(chosen);
        expect(world.verdicts.filter(({ verdict }) => verdict === 'reused')).toEqual([]);
      }),
      propertyRuns(RUNS),
    );
  });
});

/** Plays the steps that are possible when their turn comes, up to the first reuse, which ends the session. */
function play(steps: readonly Step[]): World {
  const { token, family } = beginFamily(RINGS[0], {
    sessionId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1',
    secret: Buffer.alloc(32, 7),
    now: new Date(Date.UTC(2030, 0, 1)),
    lifetimeMs: 10 * 366 * 24 * 3_600_000,
  });
  const startMs = family.issuedAt.getTime();
  const world: World = {
    nowMs: startMs,
    latestMs: startMs,
    elapsedMs: 0,
    family,
    history: [family],
    spent: new Map(),
    issued: [token],
    jar: token,
    requests: Array.from({ length: TABS }, () => undefined),
    unanswered: Array.from({ length: TABS }, () => undefined),
    lastWentBackMs: Number.NEGATIVE_INFINITY,
    conflicts: 0,
    verdicts: [],
  };
  for (const step of steps) {
    take(world, step);
    if (world.verdicts.at(-1)?.verdict === 'reused') break;
  }
  return world;
}

function take(world: World, step: Step): void {
  switch (step.kind) {
    case 'wait':
      world.nowMs += step.ms;
      world.elapsedMs += Math.max(0, step.ms);
      world.latestMs = Math.max(world.latestMs, world.nowMs);
      return;
    case 'go back':
      goBackTo(world, step.which);
      return;
    case 'send':
      sendFrom(world, step.tab);
      return;
    case 'replay':
      // Whoever has got hold of an old token waits for nobody.
      if (!world.requests[step.tab]) arrive(world, step.tab, world.issued[step.which % world.issued.length] ?? '');
      return;
    case 'serve':
      for (let i = 0; i < step.steps; i++) serveTab(world, step.tab, RINGS[step.ring] ?? RINGS[0]);
      return;
    case 'deliver':
    case 'lose': {
      const request = world.requests[step.tab];
      if (request?.answer === undefined) return;
      world.requests[step.tab] = undefined;
      const isLate = world.elapsedMs > request.deadlineMs;
      if (step.kind === 'lose' || isLate) world.unanswered[step.tab] = request.token;
      else world.jar = request.answer;
    }
  }
}

/** A tab tries once more what it had no answer to, as long as that makes sense, and else takes what was received last. */
function sendFrom(world: World, tabIndex: number): void {
  if (world.requests[tabIndex]) return;
  const retried = world.unanswered[tabIndex];
  world.unanswered[tabIndex] = undefined;
  const token = retried !== undefined && isInTime(world, retried) ? retried : world.jar;
  if (isInTime(world, token)) arrive(world, tabIndex, token);
}

/** Whether a client may still count on a token: it was not used up, or not longer than the grace ago. */
function isInTime({ spent, latestMs }: World, token: string): boolean {
  return latestMs <= (spent.get(token) ?? Number.POSITIVE_INFINITY) + GRACE_MS;
}

function arrive(world: World, tabIndex: number, token: string): void {
  world.requests[tabIndex] = {
    token,
    arrivedMs: world.nowMs,
    deadlineMs: world.elapsedMs + ROTATION_SLACK_MS,
    attempts: 0,
    read: undefined,
    answer: undefined,
  };
}

/** Does one step of the server for a request: it reads the row, or decides and writes. */
function serveTab(world: World, tabIndex: number, ring: KeyRing): void {
  const request = world.requests[tabIndex];
  if (!request || request.answer !== undefined) return;
  if (world.elapsedMs > request.deadlineMs) {
    abandon(world, tabIndex);
    return;
  }
  if (!request.read) {
    request.read = world.family;
    return;
  }
  const { token: text, arrivedMs, read } = request;
  const token = parseRefreshToken(ring, text);
  const [presentedAt, now] = [new Date(arrivedMs), new Date(world.nowMs)];
  const decision = decide(ring, { token, family: read, presentedAt, now, graceMs: GRACE_MS });
  request.read = undefined;
  if (decision.kind === 'expired') throw new Error('No family ends here.');
  if (decision.kind === 'swap' && !isSame(world.family, read)) {
    world.conflicts += 1;
    request.attempts += 1;
    if (request.attempts === SWAP_ATTEMPTS) abandon(world, tabIndex);
    return;
  }
  const spentMs = world.spent.get(text);
  const spentForMs = spentMs === undefined ? undefined : Math.min(arrivedMs, world.nowMs) - spentMs;
  world.verdicts.push({ verdict: decision.kind === 'reused' ? 'reused' : 'accepted', spentForMs });
  if (decision.kind === 'reused') return;
  request.answer = decision.token;
  if (decision.kind === 'repeat') return;
  world.family = decision.family;
  world.history.push(decision.family);
  if (spentMs === undefined) world.spent.set(text, world.nowMs);
  if (!world.issued.includes(decision.token)) world.issued.push(decision.token);
}

function abandon(world: World, tabIndex: number): void {
  world.unanswered[tabIndex] = world.requests[tabIndex]?.token;
  world.requests[tabIndex] = undefined;
}

/** The store comes back as it was at some time before. Not twice in a grace period. */
function goBackTo(world: World, which: number): void {
  if (world.latestMs <= world.lastWentBackMs + GRACE_MS) return;
  world.lastWentBackMs = world.latestMs;
  world.family = world.history[Math.max(0, world.history.length - 1 - which)] ?? world.family;
}

function isSame(a: RefreshFamily, b: RefreshFamily): boolean {
  return a.generation === b.generation && a.tokenHash.equals(b.tokenHash);
}
