import { describe, expect, it } from 'vitest';
import { clearSessionCookie, sessionCookie } from './session-cookie.ts';

const TOKEN = `ghs_${'A'.repeat(56)}`;
const inSeconds = (seconds: number) => Date.now() + seconds * 1000 + 500;

describe('sessionCookie', () => {
  it('is for this host only, over TLS, out of reach of scripts, and not lent to other sites', () => {
    expect(sessionCookie(TOKEN, { expiresAtMs: inSeconds(60) })).toBe(
      `__Host-gatehouse_session=${TOKEN}; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax`,
    );
  });

  it('lives no longer than browsers let it, and never a negative time', () => {
    expect(sessionCookie(TOKEN, { expiresAtMs: inSeconds(10 * 365 * 86_400) })).toContain('Max-Age=34560000;');
    expect(sessionCookie(TOKEN, { expiresAtMs: 0 })).toContain('Max-Age=0;');
  });

  it('may have another name', () => {
    expect(sessionCookie(TOKEN, { expiresAtMs: inSeconds(1), name: 'sid' })).toMatch(/^sid=ghs_/);
    expect(clearSessionCookie({ name: 'sid' })).toMatch(/^sid=; Max-Age=0;/);
  });

  it('is taken away by a cookie with the same attributes', () => {
    const attributes = (cookie: string) => cookie.split('; ').slice(2);
    expect(attributes(clearSessionCookie())).toEqual(attributes(sessionCookie(TOKEN, { expiresAtMs: 0 })));
  });

  it.each([
    '',
    'ghs_',
    `${TOKEN}; Domain=example.com`,
    `${TOKEN}\r\nSet-Cookie: a=b`,
    'Bearer x',
    `ghr_${'A'.repeat(56)}`,
  ])('refuses %j', (token) => {
    expect(() => sessionCookie(token, { expiresAtMs: inSeconds(1) })).toThrow(TypeError);
  });

  it.each(['', 'a b', 'a=b', 'a;b', 'a\r\n', 'ä', 'a'.repeat(65)])('refuses the name %j', (name) => {
    expect(() => sessionCookie(TOKEN, { expiresAtMs: inSeconds(1), name })).toThrow(TypeError);
    expect(() => clearSessionCookie({ name })).toThrow(TypeError);
  });

  it('refuses a time that is none', () => {
    expect(() => sessionCookie(TOKEN, { expiresAtMs: Number.NaN })).toThrow(TypeError);
  });
});
