import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readDigest, sameDigest } from './digest.ts';
import { sessionIdFor, tagOf, userTag } from './session-id.ts';
import { formatToken, hashToken, parseToken } from './session-token.ts';

const SESSION = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1';

describe('session token', () => {
  it('comes back as the session that it was made for', () => {
    for (let i = 0; i < 200; i++) {
      const id = randomUUID();
      const token = formatToken(id, randomBytes(26));
      expect(token).toMatch(/^ghs_[A-Za-z0-9_-]{56}$/);
      expect(parseToken(token).sessionId).toBe(id);
      expect(sameDigest(parseToken(token).hash, readDigest(hashToken(token)))).toBe(true);
    }
  });

  it('has one spelling: any changed character is refused or is another token', () => {
    const token = formatToken(SESSION, randomBytes(26));
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
  ])('refuses %s', (_what, text) => {
    expect(() => parseToken(text)).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_INVALID' }));
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
