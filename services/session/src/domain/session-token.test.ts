import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readDigest, sameDigest } from './digest.ts';
import { keyRing } from './key-ring.ts';
import { sessionIdFor, tagOf, userTag } from './session-id.ts';
import { formatToken, hashToken, isIssued, isKeyed, parseToken } from './session-token.ts';

const SESSION = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1';
const [first, second] = [7, 255].map((id) => ({ id, secret: randomBytes(32) })) as [Key, Key];
const ring = keyRing([first, second]);

type Key = Parameters<typeof keyRing>[0][number];

describe.each([
  ['with a MAC', ring, 68],
  ['of the form of before', undefined, 56],
] as const)('session token %s', (_form, vouching, length) => {
  it('comes back as the session that it was made for', () => {
    for (let i = 0; i < 200; i++) {
      const id = randomUUID();
      const token = formatToken(id, randomBytes(26), vouching);
      expect(token).toMatch(new RegExp(`^ghs_[A-Za-z0-9_-]{${length}}$`));
      expect(isKeyed(parseToken(token))).toBe(vouching !== undefined);
      expect(parseToken(token).sessionId).toBe(id);
      expect(sameDigest(parseToken(token).hash, readDigest(hashToken(token)))).toBe(true);
    }
  });

  it('has one spelling: any changed character is refused or is another token', () => {
    const token = formatToken(SESSION, randomBytes(26), vouching);
    for (let at = 4; at < token.length; at++) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      expect(sameDigest(parseToken(changed).hash, readDigest(hashToken(token)))).toBe(false);
    }
  });

  it.each([
    ['nothing', ''],
    ['another prefix', `ghr_${'A'.repeat(56)}`],
    ['too short', `ghs_${'A'.repeat(55)}`],
    ['too long', `ghs_${'A'.repeat(57)}`],
    ['padding', `ghs_${'A'.repeat(55)}=`],
    ['the other base64 alphabet', `ghs_${'A'.repeat(54)}+/`],
    ['a space at the end', `ghs_${'A'.repeat(56)} `],
    ['a line end', `ghs_${'A'.repeat(56)}\n`],
    ['a capital prefix', `GHS_${'A'.repeat(56)}`],
    ['no ASCII', `ghs_${'Ａ'.repeat(56)}`],
    ['a length between the two', `ghs_${'A'.repeat(60)}`],
    ['longer than both', `ghs_${'A'.repeat(69)}`],
    ['no ASCII in the MAC', `ghs_${'A'.repeat(67)}Ａ`],
  ])('refuses %s', (_what, text) => {
    expect(() => parseToken(text)).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_INVALID' }));
  });
});

describe('the MAC of a session token', () => {
  const token = formatToken(SESSION, randomBytes(26), ring);
  const isOurs = (text: string, by = ring) => isIssued(by, parseToken(text));

  it('says that it was issued, as long as the ring has the key', () => {
    expect(isOurs(token)).toBe(true);
    expect(isOurs(token, keyRing([second, first]))).toBe(true);
    expect(isOurs(token, keyRing([second]))).toBe(false);
    expect(isOurs(token, keyRing([{ ...first, secret: randomBytes(32) }]))).toBe(false);
    expect(isOurs(formatToken(SESSION, randomBytes(26), keyRing([second, first])), keyRing([first]))).toBe(false);
  });

  it('speaks of every bit of the token', () => {
    const bytes = Buffer.from(token.slice(4), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isOurs(`ghs_${changed.toString('base64url')}`)).toBe(false);
    }
  });

  it('can not be put behind another secret of the same session', () => {
    const other = formatToken(SESSION, randomBytes(26), ring);
    expect(isOurs(other.slice(0, -12) + token.slice(-12))).toBe(false);
    for (let i = 0; i < 1_000; i++) expect(isOurs(`ghs_${randomBytes(51).toString('base64url')}`)).toBe(false);
  });
});

describe('session id', () => {
  it('carries the tag of its user and stays a UUIDv7', () => {
    const user = randomUUID();
    const id = sessionIdFor(user, SESSION);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(tagOf(id)).toBe(userTag(user));
    expect(id.slice(0, -3)).toBe(SESSION.slice(0, -3));
  });
});
