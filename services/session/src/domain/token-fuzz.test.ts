import { randomBytes } from 'node:crypto';
import { isFailure } from '@gatehouse/failure';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readDigest, sameDigest } from './digest.ts';
import { keyRing } from './key-ring.ts';
import { makeRefreshToken, parseRefreshToken } from './refresh-token.ts';
import { formatToken, hashToken, isIssued, isKeyed, parseToken, SECRET_BYTES } from './session-token.ts';
import { uuidText } from './uuid-bytes.ts';

const INPUTS = rounds(1_000_000);
/** A tenth of it would do on a machine that does nothing else. */
const TIME_MAX_MS = 120_000;
const SESSIONS = ['01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];

const ring = keyRing([1, 2].map((id) => ({ id, secret: randomBytes(32) })));
const refreshTokens = SESSIONS.flatMap((sessionId) =>
  [0, 1, 2 ** 31 - 1].map(
    (generation) => makeRefreshToken(ring, { keyId: 2, sessionId, generation, secret: randomBytes(32) }).text,
  ),
);
const sessionTokens = SESSIONS.flatMap((sessionId) =>
  [undefined, ring].map((vouching) => formatToken(sessionId, randomBytes(SECRET_BYTES), vouching)),
);
const genuine = [...refreshTokens, ...sessionTokens];

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ODD = ['=', '+', '/', '.', ' ', '\n', '\0', '%', 'é', '\u{1f511}', '\ud800', '\u200b', 'Ａ', '"', '\\', '�'];
const PREFIXES = ['ghr_', 'ghs_', 'GHR_', 'gh', '', 'ghr', 'ghr-', 'ghr__', 'Bearer ghr_', ' ghr_', '__proto__'];
type Chance = (below: number) => number;
const LETTERS = randomBytes(100_000).toString('base64url');

const pick = <T>(from: readonly T[], next: Chance): T => from[next(from.length)] as T;
/** So many letters from anywhere in a long text, which is quicker than one at a time. */
const letters = (count: number, next: Chance) => {
  const at = next(LETTERS.length - count);
  return LETTERS.slice(at, at + count);
};

/** Ways to spoil a genuine token; some leave it as it is now and then. */
const SPOILED: readonly ((token: string, next: Chance) => string)[] = [
  (token) => token,
  (token, next) => replaced(token, next(token.length), pick([...ALPHABET], next)),
  (token, next) => replaced(token, next(token.length), pick(ODD, next)),
  (token, next) => token.slice(0, next(token.length + 1)),
  (token, next) => token.slice(next(token.length + 1)),
  (token, next) => token + letters(1 + next(4), next),
  (token, next) => token + pick(ODD, next),
  (token, next) => inserted(token, next(token.length + 1), pick(ODD, next)),
  (token, next) => inserted(token, next(token.length + 1), pick([...ALPHABET], next)),
  (token, next) => pick(PREFIXES, next) + token.slice(4),
  (_, next) => pick(PREFIXES, next) + letters(next(128), next),
  (_, next) => `ghr_${letters(92, next)}`,
  (_, next) => `ghs_${letters(56, next)}`,
  (_, next) => `ghs_${letters(68, next)}`,
  (token, next) => (next(2) ? token.toUpperCase() : token.toLowerCase()),
  (token, next) => flippedBit(token, next),
  (token, next) => spliced(token, pick(genuine, next), next),
  (token) => Buffer.from(token.slice(4), 'base64url').toString('base64'),
  (token, next) => token.repeat(next(4)),
  (_, next) => String.fromCharCode(...Array.from({ length: next(120) }, () => next(65_536))),
];

describe('the parsers of tokens', () => {
  it('take random inputs in bounded time, and accept nothing but what was issued, in its one spelling', () => {
    const next = seededChance().below;
    // Two refusals for each input, and nobody reads where they came from.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    onTestFinished(() => {
      Error.stackTraceLimit = stackTraceLimit;
    });
    const hashes = sessionTokens.map((token) => readDigest(hashToken(token)));
    const accepted = { refresh: 0, session: 0 };
    const before = process.cpuUsage();
    for (let i = 0; i < INPUTS; i++) {
      const text = pick(SPOILED, next)(pick(genuine, next), next);
      const refresh = parsed(() => parseRefreshToken(ring, text), 'REFRESH_TOKEN_INVALID');
      if (refresh) {
        if (!refreshTokens.includes(text) || refresh.text !== text) expect.fail(`accepted ${JSON.stringify(text)}`);
        accepted.refresh += 1;
      }
      // Any session token of the right form is read; whether it is the one, its hash decides.
      const session = parsed(() => parseToken(text), 'SESSION_TOKEN_INVALID');
      if (session && session.sessionId !== uuidText(Buffer.from(text.slice(4), 'base64url'), 0)) {
        expect.fail(`read another session in ${JSON.stringify(text)}`);
      }
      if (session && isKeyed(session) && isIssued(ring, session) && !sessionTokens.includes(text)) {
        expect.fail(`believed the MAC of ${JSON.stringify(text)}`);
      }
      if (session && hashes.some((hash) => sameDigest(hash, session.hash))) {
        if (!sessionTokens.includes(text)) expect.fail(`accepted ${JSON.stringify(text)}`);
        accepted.session += 1;
      }
    }
    expect(cpuMsSince(before)).toBeLessThan(TIME_MAX_MS);
    // Had none been left alone, the parsers might as well refuse everything.
    for (const count of Object.values(accepted)) expect(count).toBeGreaterThan(INPUTS / 1_000);
  });

  it('take a very long input for what it is without reading it all', () => {
    const long = `ghr_${'A'.repeat(50_000_000)}`;
    const before = process.cpuUsage();
    for (let i = 0; i < 1_000; i++) {
      expect(parsed(() => parseRefreshToken(ring, long), 'REFRESH_TOKEN_INVALID')).toBeUndefined();
      expect(parsed(() => parseToken(long), 'SESSION_TOKEN_INVALID')).toBeUndefined();
    }
    expect(cpuMsSince(before)).toBeLessThan(TIME_MAX_MS / 10);
  });
});

/** What a parser makes of its input, or undefined when it refuses it as it should; anything else that it throws rises. */
function parsed<T>(parse: () => T, reason: string): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (isFailure(error, reason) && error.kind === 'unauthenticated') return undefined;
    throw error;
  }
}

function replaced(text: string, at: number, by: string): string {
  return text.slice(0, at) + by + text.slice(at + 1);
}

function inserted(text: string, at: number, what: string): string {
  return text.slice(0, at) + what + text.slice(at);
}

function flippedBit(token: string, next: Chance): string {
  const bytes = Buffer.from(token.slice(4), 'base64url');
  const at = next(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8));
  return token.slice(0, 4) + bytes.toString('base64url');
}

/** The beginning of one token and the end of another. */
function spliced(one: string, other: string, next: Chance): string {
  const at = next(one.length);
  return one.slice(0, at) + other.slice(at);
}

/** Milliseconds for which this process has computed since then; those for which the machine let others run don't count. */
function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
