import { randomUUID } from 'node:crypto';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { describe, expect, it } from 'vitest';
import { type Change, formatConsistencyToken, parseConsistencyToken } from './consistency.ts';
import { sessionIdFor } from './session-id.ts';

const USER = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c2';
const UUID_V7 = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1';
const SESSION = sessionIdFor(USER, UUID_V7);
const token = (change: Change) => formatConsistencyToken(change);
const ofSession = (version: bigint) => token({ of: 'session', sessionId: SESSION, version });
const withBytes = (...bytes: number[]) => Buffer.from(bytes).toString('base64url');
const invalid = expect.objectContaining({
  kind: 'invalid',
  reason: 'CONSISTENCY_TOKEN_INVALID',
  fields: [expect.objectContaining({ field: 'consistency_token' })],
});

/** A user whose sessions carry another tag than those of USER. */
const STRANGER = Array.from({ length: 100 }, () => randomUUID()).find(
  (user) => sessionIdFor(user, UUID_V7).slice(-3) !== SESSION.slice(-3),
) as string;

describe('a consistency token', () => {
  it('of a session demands its version of that session, and nothing of others', () => {
    for (const version of [0n, 1n, 2n ** 40n, 2n ** 63n - 1n]) {
      const demandOf = parseConsistencyToken(ofSession(version));
      expect(demandOf(SESSION)).toBe(version);
      expect(demandOf(sessionIdFor(USER, randomUUID()))).toBe('nothing');
      expect(demandOf(sessionIdFor(STRANGER, UUID_V7))).toBe('nothing');
    }
  });

  it('of a user demands the truth about each session of that user, and nothing of those with another tag', () => {
    const demandOf = parseConsistencyToken(token({ of: 'user', userId: USER }));
    for (let i = 0; i < 50; i += 1) {
      expect(demandOf(sessionIdFor(USER, randomUUID()))).toBe('truth');
      expect(demandOf(sessionIdFor(STRANGER, randomUUID()))).toBe('nothing');
    }
  });

  it('of anybody demands the truth about every session', () => {
    const demandOf = parseConsistencyToken(token({ of: 'anybody' }));
    for (let i = 0; i < 10; i += 1) expect(demandOf(randomUUID())).toBe('truth');
  });

  it('that is empty demands nothing', () => {
    expect(parseConsistencyToken('')(SESSION)).toBe('nothing');
  });

  it('fits into what a request may bring, and is of letters that may stand in a URL', () => {
    for (const change of [
      { of: 'session', sessionId: SESSION, version: 2n ** 63n - 1n },
      { of: 'user', userId: USER },
      { of: 'anybody' },
    ] as const) {
      expect(token(change)).toMatch(/^[A-Za-z0-9_-]{1,256}$/);
    }
  });

  it.each([
    ['a word', 'nonsense'],
    ['a space', ' '],
    ['another format', withBytes(2, 3)],
    ['no kind', withBytes(1)],
    ['kind 0', withBytes(1, 0)],
    ['a kind that is yet to come', withBytes(1, 4)],
    ['a kind that objects have of themselves', withBytes(1, 0xff)],
    ['a session without a version', ofSession(1n).slice(0, 24)],
    ['a session that is cut short', ofSession(1n).slice(0, -1)],
    ['a session with more behind it', `${ofSession(1n)}AAAA`],
    ['a version that a bigint column can not hold', withBytes(1, 1, ...Array(16).fill(0), 0x80, ...Array(7).fill(0))],
    ['a tag of more than 12 bits', withBytes(1, 2, 0x10, 0)],
    ['a tag that is cut short', withBytes(1, 2, 0)],
    ['anybody with more behind it', withBytes(1, 3, 0)],
    ['padding', `${token({ of: 'anybody' })}=`],
    ['a line end', `${token({ of: 'anybody' })}\n`],
    ['a session token', `ghs_${'A'.repeat(56)}`],
    ['letters that are none of base64url', `${ofSession(1n).slice(0, -1)}+`],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => parseConsistencyToken(text)).toThrow(invalid);
  });

  it('has one spelling: bits that are left over are zero', () => {
    // Two bytes are 16 bits in three characters of 18.
    const good = token({ of: 'anybody' });
    expect(good).toBe('AQM');
    for (const last of ['N', 'O', 'P']) expect(() => parseConsistencyToken(`AQ${last}`)).toThrow(invalid);
  });

  it('is either read or refused, whatever it is', () => {
    const { below } = seededChance();
    for (let i = 0; i < rounds(20_000); i += 1) {
      const bytes = Buffer.from(Array.from({ length: i % 40 }, () => below(256)));
      if (i % 2) bytes.set([1, 1 + (i % 3)].slice(0, bytes.length));
      const text = bytes.toString('base64url');
      try {
        const demand = parseConsistencyToken(text)(SESSION);
        expect(demand === 'nothing' || demand === 'truth' || (demand >= 0n && demand < 2n ** 63n)).toBe(true);
      } catch (error) {
        expect(error).toEqual(invalid);
      }
    }
  });
});
