import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type KeyRing, keyRing } from './key-ring.ts';
import { beginFamily, type Decision, decide, type RefreshFamily, ROTATION_SLACK_MS } from './refresh-family.ts';
import { makeRefreshToken, parseRefreshToken, successorOf } from './refresh-token.ts';

const KEYS = [1, 2].map((id) => ({ id, secret: randomBytes(32) }));
const [KEY_1, KEY_2] = KEYS as [(typeof KEYS)[0], (typeof KEYS)[0]];
const ring = keyRing(KEYS);
const SESSION = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1';
const GRACE_MS = 30_000;
const LIFETIME_MS = 3_600_000;
const T0 = Date.UTC(2030, 0, 1);
/** The same one each time, so that every family here has the same line of tokens. */
const SECRET = randomBytes(32);

/** A family that began at T0, and its tokens by generation; each was used a minute after it was issued. */
function familyOf(generations: number): { family: RefreshFamily; tokens: string[] } {
  let { token, family } = begin();
  const tokens = [token];
  for (let generation = 1; generation <= generations; generation++) {
    const decision = present(family, token, generation * 60_000);
    if (decision.kind !== 'swap') throw new Error(`A token that was not used is ${decision.kind}.`);
    ({ token, family } = decision);
    tokens.push(token);
  }
  return { family, tokens };
}

describe('a family of refresh tokens', () => {
  it('answers the current token with its successor', () => {
    const { token, family } = begin();
    const decision = present(family, token, 1_000);
    expect(decision).toMatchObject({
      kind: 'swap',
      cause: 'rotated',
      family: {
        generation: 1,
        issuedAt: family.issuedAt,
        rotatedAt: new Date(T0 + 1_000),
        expiresAt: family.expiresAt,
      },
    });
    if (decision.kind !== 'swap') return;
    const next = parseRefreshToken(ring, decision.token);
    expect(next.hash).toEqual(decision.family.tokenHash);
    expect(next).toEqual(successorOf(ring, parseRefreshToken(ring, token), 1));
  });

  it('answers a token that is presented again within the grace with the same successor', () => {
    const { family, tokens } = familyOf(1);
    for (const afterMs of [0, 1, GRACE_MS]) {
      expect(present(family, tokens[0], 60_000 + afterMs)).toEqual({ kind: 'repeat', token: tokens[1] });
    }
  });

  it('calls it reused right after the grace', () => {
    const { family, tokens } = familyOf(1);
    expect(present(family, tokens[0], 60_000 + GRACE_MS + 1)).toEqual({ kind: 'reused' });
  });

  it('answers a current token with itself while its predecessor may still be retried, and rotates right after', () => {
    const { family, tokens } = familyOf(1);
    const endMs = 60_000 + GRACE_MS + ROTATION_SLACK_MS;
    for (const atMs of [60_000, endMs]) {
      expect(present(family, tokens[1], atMs)).toEqual({ kind: 'repeat', token: tokens[1] });
    }
    expect(present(family, tokens[1], endMs + 1)).toMatchObject({ kind: 'swap', cause: 'rotated' });
  });

  it('judges a call by when it came, and notes the use of a token when it happens', () => {
    const { family, tokens } = familyOf(1);
    const endMs = 60_000 + GRACE_MS;
    expect(present(family, tokens[0], endMs, { nowMs: endMs + 5_000 })).toMatchObject({ kind: 'repeat' });
    expect(present(family, tokens[1], endMs, { nowMs: 120_000 })).toMatchObject({
      family: { rotatedAt: new Date(T0 + 120_000) },
    });
  });

  it('calls every older generation reused, at any time', () => {
    const { family, tokens } = familyOf(4);
    for (const token of tokens.slice(0, 3)) {
      for (const atMs of [0, 4 * 60_000, 4 * 60_000 + GRACE_MS, 5 * 60_000]) {
        expect(present(family, token, atMs)).toEqual({ kind: 'reused' });
      }
    }
  });

  it('calls a token of the current generation reused that is not the current one', () => {
    const { family } = familyOf(1);
    const other = makeRefreshToken(ring, { keyId: 1, sessionId: SESSION, generation: 1, secret: randomBytes(32) });
    for (const atMs of [60_000, 120_000]) expect(present(family, other.text, atMs)).toEqual({ kind: 'reused' });
  });

  it('calls a predecessor reused that is of another line', () => {
    const { family } = familyOf(1);
    const other = makeRefreshToken(ring, { keyId: 1, sessionId: SESSION, generation: 0, secret: randomBytes(32) });
    expect(present(family, other.text, 60_000)).toEqual({ kind: 'reused' });
  });

  it('has no grace when it is configured to have none, but for what came at the same time', () => {
    const { family, tokens } = familyOf(1);
    expect(present(family, tokens[0], 60_000, { graceMs: 0 })).toEqual({ kind: 'repeat', token: tokens[1] });
    expect(present(family, tokens[0], 60_001, { graceMs: 0 })).toEqual({ kind: 'reused' });
  });

  it('expires, whatever is presented', () => {
    const { family, tokens } = familyOf(2);
    for (const token of tokens) expect(present(family, token, LIFETIME_MS)).toEqual({ kind: 'expired' });
    expect(present(family, tokens[2], LIFETIME_MS - 1)).toMatchObject({ kind: 'swap' });
  });

  it('lets a clock that was set back repeat, and never rotate or revoke', () => {
    const { family, tokens } = familyOf(1);
    for (const token of tokens)
      expect(present(family, token, -3_600_000)).toEqual({ kind: 'repeat', token: tokens[1] });
  });
});

it('a family that rotates in the moment in which it began, by a clock that was set back, knows no older token', () => {
  const { token: first, family } = begin();
  const early = present(family, first, -3_600_000);
  if (early.kind !== 'swap') throw new Error(`It is ${early.kind}.`);
  const again = present(early.family, early.token, 0);
  if (again.kind !== 'swap') throw new Error(`It is ${again.kind}.`);
  expect(present(again.family, early.token, 0)).toEqual({ kind: 'repeat', token: again.token });
  expect(present(again.family, first, 0)).toEqual({ kind: 'reused' });
});

describe('a family whose store went back', () => {
  const { tokens } = familyOf(6);
  const { family: restored } = begin();

  it('takes a token that it does not know yet for the truth, and answers its successor', () => {
    expect(present(restored, tokens[3], 240_000)).toMatchObject({
      kind: 'swap',
      cause: 'caught_up',
      token: tokens[4],
      family: { generation: 4, expiresAt: restored.expiresAt },
    });
  });

  it('then answers that token, its predecessor and its successor with the same, within the grace only', () => {
    const caughtUp = present(restored, tokens[3], 240_000);
    if (caughtUp.kind !== 'swap') throw new Error('The token was not taken.');
    for (const token of tokens.slice(2, 5)) {
      for (const afterMs of [0, GRACE_MS]) {
        expect(present(caughtUp.family, token, 240_000 + afterMs)).toEqual({ kind: 'repeat', token: tokens[4] });
      }
    }
    for (const token of tokens.slice(0, 2))
      expect(present(caughtUp.family, token, 240_000)).toEqual({ kind: 'reused' });
    for (const token of tokens.slice(0, 4)) {
      expect(present(caughtUp.family, token, 240_000 + GRACE_MS + 1)).toEqual({ kind: 'reused' });
    }
  });

  it('is as strict as before once it has rotated again', () => {
    const caughtUp = present(restored, tokens[3], 240_000);
    if (caughtUp.kind !== 'swap') throw new Error('The token was not taken.');
    const rotated = present(caughtUp.family, caughtUp.token, 300_000);
    if (rotated.kind !== 'swap') throw new Error('The token was not rotated.');
    expect(present(rotated.family, tokens[4], 300_000)).toEqual({ kind: 'repeat', token: rotated.token });
    expect(present(rotated.family, tokens[3], 300_000)).toEqual({ kind: 'reused' });
  });
});

describe('when the ring gets a new first key', () => {
  const [old, rotated] = [keyRing([KEY_1, KEY_2]), keyRing([KEY_2, KEY_1])];

  it('a family moves to it with its next rotation', () => {
    const { token, family } = begin(old);
    const decision = present(family, token, 1_000, { by: rotated });
    expect(parseRefreshToken(rotated, tokenOf(decision))).toMatchObject({ keyId: 2, generation: 1 });
  });

  it('a retry gets the successor that was committed, under whichever key that was', () => {
    const { token, family } = begin(old);
    for (const [first, second] of [
      [old, rotated],
      [rotated, old],
    ] as const) {
      const committed = present(family, token, 1_000, { by: first });
      if (committed.kind !== 'swap') throw new Error('The token was not rotated.');
      const retried = present(committed.family, token, 2_000, { by: second });
      expect(retried).toEqual({ kind: 'repeat', token: committed.token });
    }
  });

  it('a retry after a catch-up finds its way over two keys', () => {
    const { token, family } = begin(old);
    const next = successorOf(old, parseRefreshToken(old, token), 2);
    const later = successorOf(old, next, 1);
    const caughtUp = present(family, later.text, 1_000, { by: rotated });
    if (caughtUp.kind !== 'swap') throw new Error('The token was not taken.');
    expect(present(caughtUp.family, next.text, 2_000, { by: old })).toEqual({ kind: 'repeat', token: caughtUp.token });
  });
});

function begin(by: KeyRing = ring) {
  return beginFamily(by, { sessionId: SESSION, secret: SECRET, now: new Date(T0), lifetimeMs: LIFETIME_MS });
}

function present(
  family: RefreshFamily,
  text: string | undefined,
  afterMs: number,
  { graceMs = GRACE_MS, by = ring, nowMs = afterMs }: { graceMs?: number; by?: KeyRing; nowMs?: number } = {},
): Decision {
  const token = parseRefreshToken(by, text ?? '');
  return decide(by, { token, family, presentedAt: new Date(T0 + afterMs), now: new Date(T0 + nowMs), graceMs });
}

function tokenOf(decision: Decision): string {
  if (decision.kind !== 'swap' && decision.kind !== 'repeat') throw new Error(`No token: ${decision.kind}.`);
  return decision.token;
}
