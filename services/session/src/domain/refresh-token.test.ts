import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyRing } from './key-ring.ts';
import { makeRefreshToken, parseRefreshToken, successorOf } from './refresh-token.ts';

const KEYS = [1, 2, 3].map((id) => ({ id, secret: randomBytes(32) }));
const ring = ringOf(1, 2);
const SESSION = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1';
const invalid = expect.objectContaining({ kind: 'unauthenticated', reason: 'REFRESH_TOKEN_INVALID' });

describe('a refresh token', () => {
  it('is read back as it was made, and has one spelling', () => {
    const token = make();
    expect(token.text).toMatch(/^ghr_[A-Za-z0-9_-]{92}$/);
    expect(parseRefreshToken(ring, token.text)).toEqual(token);
  });

  it('holds every generation that the stores can count to, and no further one', () => {
    const last = make({ generation: 2 ** 31 - 1 });
    expect(parseRefreshToken(ring, last.text).generation).toBe(2 ** 31 - 1);
    expect(() => successorOf(ring, last, 1)).toThrow(RangeError);
  });

  it('is refused when any one of its characters is another', () => {
    const { text } = make();
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A';
      expect(refusal(text.slice(0, at) + other + text.slice(at + 1))).toEqual(invalid);
    }
  });

  it.each([
    ['nothing', () => ''],
    ['the prefix alone', () => 'ghr_'],
    ['a character less', (text: string) => text.slice(0, -1)],
    ['a character more', (text: string) => `${text}A`],
    ['padding', (text: string) => `${text}=`],
    ['white space around it', (text: string) => ` ${text} `],
    ['a line break at the end', (text: string) => `${text}\n`],
    ['the prefix of a session token', (text: string) => text.replace('ghr_', 'ghs_')],
    ['another case of the prefix', (text: string) => text.replace('ghr_', 'GHR_')],
    ['the alphabet of base64', (text: string) => `${text.slice(0, -2)}+/`],
    ['zeros', () => `ghr_${'A'.repeat(92)}`],
  ])('is refused with %s', (_what, spoil) => {
    expect(refusal(spoil(make().text))).toEqual(invalid);
  });

  it('is refused by a ring that lacks its key, or has another one under its id', () => {
    const { text } = make();
    expect(refusal(text, ringOf(2, 3))).toEqual(invalid);
    expect(refusal(text, keyRing([{ id: 1, secret: randomBytes(32) }]))).toEqual(invalid);
  });

  it('names its session and generation so that neither can be put into another token', () => {
    const [mine, theirs] = [make(), make({ sessionId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c2' })].map(({ text }) =>
      Buffer.from(text.slice(4), 'base64url'),
    );
    for (let cut = 1; cut < 69; cut++) {
      const spliced = Buffer.concat([mine?.subarray(0, cut) ?? '', theirs?.subarray(cut) ?? ''] as Buffer[]);
      if (spliced.equals(mine as Buffer) || spliced.equals(theirs as Buffer)) continue;
      expect(refusal(`ghr_${spliced.toString('base64url')}`)).toEqual(invalid);
    }
  });

  it('is not made from a short secret, or with a key that the ring lacks', () => {
    expect(() => make({ secret: randomBytes(31) })).toThrow(RangeError);
    expect(() => make({ keyId: 9 })).toThrow(RangeError);
  });
});

describe('its successor', () => {
  it('is always the same one, and the next generation of the same session', () => {
    const token = make();
    const next = successorOf(ring, token, 1);
    expect(next).toEqual(successorOf(ring, parseRefreshToken(ring, token.text), 1));
    expect(next).toMatchObject({ sessionId: SESSION, generation: 1, keyId: 1 });
    expect(parseRefreshToken(ring, next.text)).toEqual(next);
  });

  it('is another one for every token and for every key that it is made by', () => {
    const tokens = [make(), make(), make({ generation: 1 })];
    const texts = tokens.flatMap((token) => [1, 2].map((keyId) => successorOf(ring, token, keyId).text));
    expect(new Set(texts).size).toBe(6);
  });

  it('is derived with the key of its predecessor, whichever key the ring now begins with', () => {
    const token = make();
    expect(successorOf(ringOf(3, 2, 1), token, 1)).toEqual(successorOf(ringOf(1), token, 1));
  });
});

function make(parts: Partial<Parameters<typeof makeRefreshToken>[1]> = {}) {
  return makeRefreshToken(ring, { keyId: 1, sessionId: SESSION, generation: 0, secret: randomBytes(32), ...parts });
}

function ringOf(...ids: number[]) {
  return keyRing(ids.map((id) => KEYS[id - 1] as { id: number; secret: Buffer }));
}

function refusal(text: string, by = ring): unknown {
  try {
    return parseRefreshToken(by, text);
  } catch (error) {
    return error;
  }
}
