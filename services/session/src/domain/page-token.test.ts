import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyRing } from './key-ring.ts';
import { pageTokens } from './page-token.ts';

const [old, current] = [
  { id: 1, secret: randomBytes(32) },
  { id: 2, secret: randomBytes(32) },
];
const ring = keyRing([current, old]);
const KEY = randomBytes(16);
const tokens = pageTokens(ring, ['ListSessions', 'somebody', false], 16);
const invalid = expect.objectContaining({ kind: 'invalid', reason: 'PAGE_TOKEN_INVALID' });

describe('page tokens', () => {
  it('lead back to the key that they were made of', () => {
    expect(tokens.parse(tokens.format(KEY))).toEqual(KEY);
    expect(tokens.parse('')).toBeUndefined();
  });

  it('are taken as long as the key that they were made with is in the ring', () => {
    const before = pageTokens(keyRing([old]), ['ListSessions', 'somebody', false], 16).format(KEY);
    expect(tokens.parse(before)).toEqual(KEY);
    expect(() => pageTokens(keyRing([current]), ['ListSessions', 'somebody', false], 16).parse(before)).toThrow(
      invalid,
    );
  });

  it.each([
    ['another RPC', ['SearchSessions', 'somebody', false], 16],
    ['another condition', ['ListSessions', 'somebody', true], 16],
    ['conditions that read the same when they are joined', ['ListSessionssomebody', false], 16],
    ['keys of another length', ['ListSessions', 'somebody', false], 2],
  ] as const)('are none of a listing with %s', (_what, listing, keyBytes) => {
    expect(() => pageTokens(ring, listing, keyBytes).parse(tokens.format(KEY))).toThrow(invalid);
  });

  it('are refused with any one bit changed, cut short, made longer or spelled in another way', () => {
    const token = tokens.format(KEY);
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => tokens.parse(changed.toString('base64url'))).toThrow(invalid);
    }
    for (const text of [
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      ` ${token}`,
      'AQ',
      '!',
      'next',
      KEY.toString('hex'),
    ]) {
      expect(() => tokens.parse(text)).toThrow(invalid);
    }
  });
});
