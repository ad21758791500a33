import { describe, expect, it } from 'vitest';
import { cookieHeaderWithout, headersToRemove, sessionTokenOf } from './edge-request.ts';

const COOKIE = 'gatehouse_session';

describe('sessionTokenOf', () => {
  it.each([
    ['a bearer token', { authorization: 'Bearer ghs_a' }],
    ['the scheme in any case', { authorization: 'bearer  ghs_a' }],
    ['the cookie', { cookie: `theme=dark; ${COOKIE}=ghs_a; lang=en` }],
    ['a quoted cookie', { cookie: `${COOKIE}="ghs_a"` }],
    ['the same token twice', { authorization: 'Bearer ghs_a', cookie: `${COOKIE}=ghs_a` }],
    ['another scheme beside the cookie', { authorization: 'Basic dTpw', cookie: `${COOKIE}=ghs_a` }],
  ])('finds %s', (_what, headers) => {
    expect(sessionTokenOf(headers, COOKIE)).toBe('ghs_a');
  });

  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic dTpw' }],
    ['a bearer without a token', { authorization: 'Bearer' }],
    ['a cookie whose name only ends alike', { cookie: `x${COOKIE}=ghs_a` }],
    ['a cookie in another case', { cookie: `${COOKIE.toUpperCase()}=ghs_a` }],
  ])('finds none in %s', (_what, headers) => {
    expect(() => sessionTokenOf(headers, COOKIE)).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_MISSING' }));
  });

  it.each([
    ['two cookies', { cookie: `${COOKIE}=ghs_a; ${COOKIE}=ghs_b` }],
    ['two cookie headers', { cookie: `${COOKIE}=ghs_a,${COOKIE}=ghs_b` }],
    ['two bearers', { authorization: 'Bearer ghs_a,Bearer ghs_b' }],
    ['a bearer and a cookie', { authorization: 'Bearer ghs_a', cookie: `${COOKIE}=ghs_b` }],
  ])('refuses to choose between %s', (_what, headers) => {
    expect(() => sessionTokenOf(headers, COOKIE)).toThrow(
      expect.objectContaining({ reason: 'SESSION_TOKEN_AMBIGUOUS' }),
    );
  });
});

describe('headersToRemove', () => {
  it('names the credential and every spelling of an identity header that is not overwritten', () => {
    const headers = {
      authorization: 'Bearer ghs_a',
      'x-auth-subject': 'me',
      'x-auth-role': 'admin',
      x_auth_subject: 'me',
      'x-auth_session': 'mine',
      'x-authentic': 'stays',
      accept: '*/*',
    };
    expect(headersToRemove(headers).sort()).toEqual([
      'authorization',
      'x-auth-role',
      'x-auth_session',
      'x_auth_subject',
    ]);
  });

  it('leaves a credential alone that is not ours', () => {
    expect(headersToRemove({ authorization: 'Basic dTpw' })).toEqual([]);
  });
});

describe('cookieHeaderWithout', () => {
  it.each([
    [`theme=dark; ${COOKIE}=ghs_a; lang=en`, 'theme=dark; lang=en'],
    [`${COOKIE}=ghs_a`, ''],
    [`${COOKIE}=ghs_a; a=b; ${COOKIE}=ghs_b`, 'a=b'],
    ['theme=dark', undefined],
    [undefined, undefined],
  ])('%s', (header, rest) => {
    expect(cookieHeaderWithout(header, COOKIE)).toBe(rest);
  });
});
