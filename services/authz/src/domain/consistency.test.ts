import { randomBytes, randomUUID } from 'node:crypto';
import { isFailure } from '@gatehouse/failure';
import { describe, expect, it } from 'vitest';
import { demandsOf, formatToken, parseToken } from './consistency.ts';

const user = { id: '018f4d5e-1111-7abc-8def-0123456789ab', revision: 3n };
const REVISION_MAX = 2n ** 63n - 1n;

describe('a consistency token', () => {
  it.each([
    { modelRevision: 0n },
    { modelRevision: REVISION_MAX },
    { modelRevision: 12n, user },
    { modelRevision: 0n, user: { ...user, revision: REVISION_MAX } },
  ])('says again what it was made of: %o', (mark) => {
    expect(parseToken(formatToken(mark))).toEqual(mark);
  });

  it('keeps its form, because callers keep tokens', () => {
    expect(formatToken({ modelRevision: 258n })).toBe('AQgAAAAAAAABAgA');
    expect(formatToken({ modelRevision: 258n, user })).toBe('AQgAAAAAAAABAhgBj01eERF6vI3vASNFZ4mrAAAAAAAAAAM');
  });

  it('fits into the limit of its field', () => {
    expect(formatToken({ modelRevision: REVISION_MAX, user: { ...user, revision: REVISION_MAX } }).length).toBe(47);
  });

  it('demands the grants only of the user whose write it is of, and the model for all', () => {
    const token = formatToken({ modelRevision: 12n, user });
    expect(demandsOf({ atLeastAsFresh: token })(user.id)).toEqual({
      full: false,
      modelRevision: 12n,
      userRevision: 3n,
    });
    expect(demandsOf({ atLeastAsFresh: token })(randomUUID())).toEqual({
      full: false,
      modelRevision: 12n,
      userRevision: 0n,
    });
  });
});

describe('what is no token', () => {
  const bytes = Buffer.from(formatToken({ modelRevision: 1n, user }), 'base64url');
  const changed = (at: number, to: number) => {
    const copy = Buffer.from(bytes);
    copy[at] = to;
    return copy.toString('base64url');
  };
  it.each([
    ['nothing', ''],
    ['another version', changed(0, 2)],
    ['another length of the revision', changed(1, 7)],
    ['another length of the user', changed(10, 23)],
    ['a revision that no bigint holds', changed(2, 0x80)],
    ['a user revision that no bigint holds', changed(27, 0x80)],
    ['one that is cut short', bytes.subarray(0, -1).toString('base64url')],
    ['one with more behind it', `${bytes.toString('base64url')}AA`],
    ['one with padding', `${bytes.toString('base64url')}=`],
    ['base64 of the other alphabet', Buffer.from([1, 8, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0]).toString('base64')],
    ['stray bits in the last character', `${formatToken({ modelRevision: 258n }).slice(0, -1)}B`],
    ['white space', ` ${bytes.toString('base64url')}`],
    ['a word', 'token'],
  ])('is refused: %s', (_, token) => {
    expect(() => parseToken(token)).toThrow(expect.objectContaining({ reason: 'CONSISTENCY_TOKEN_INVALID' }));
  });

  it('is never anything but refused, or a token that would be written in the same way, over 20,000 strings', () => {
    const good = [formatToken({ modelRevision: 1n }), formatToken({ modelRevision: 9n, user })];
    let refused = 0;
    for (let round = 0; round < 20_000; round++) {
      const token = mutate(good[round % 2] ?? '', round);
      try {
        expect(formatToken(parseToken(token))).toBe(token);
      } catch (error) {
        if (!isFailure(error, 'CONSISTENCY_TOKEN_INVALID')) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(10_000);
  });
});

/** Something like a token, or nothing like one. */
function mutate(token: string, round: number): string {
  const noise = randomBytes(1 + (round % 64));
  const at = (noise[0] ?? 0) % (token.length + 1);
  switch (round % 7) {
    case 0:
      return noise.toString('base64url');
    case 1:
      return noise.toString('latin1');
    case 2:
      return token.slice(0, at);
    case 3:
      return token.slice(0, at) + noise.toString('base64url') + token.slice(at);
    case 4: {
      const bytes = Buffer.from(token, 'base64url');
      bytes[at % bytes.length] = noise.at(-1) ?? 0;
      return bytes.toString('base64url');
    }
    case 5:
      return Buffer.concat([Buffer.of(1, 8), noise]).toString('base64url');
    default:
      return token.slice(0, at) + String.fromCodePoint(0x1f600 + (noise[0] ?? 0)) + token.slice(at + 1);
  }
}
