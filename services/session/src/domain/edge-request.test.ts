import { describe, expect, it } from 'vitest';
import { carriesBearer, credentialOf } from './edge-request.ts';

const COOKIE = '__Host-gatehouse_session';

describe('credentialOf', () => {
  it.each([
    ['a bearer token', { authorization: 'Bearer ghs_a' }, 'bearer'],
    ['the scheme in any case', { authorization: 'bearer  ghs_a' }, 'bearer'],
    ['the cookie', { cookie: `theme=dark; ${COOKIE}=ghs_a; lang=en` }, 'cookie'],
    ['a quoted cookie', { cookie: `${COOKIE}="ghs_a"` }, 'cookie'],
    ['the same token twice', { authorization: 'Bearer ghs_a', cookie: `${COOKIE}=ghs_a` }, 'bearer'],
    ['another scheme beside the cookie', { authorization: 'Basic dTpw', cookie: `${COOKIE}=ghs_a` }, 'cookie'],
  ])('finds %s', (_what, headers, carrier) => {
    expect(credentialOf(headers, COOKIE)).toEqual({ token: 'ghs_a', carrier });
  });

  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic dTpw' }],
    ['a cookie whose name only ends alike', { cookie: `x${COOKIE}=ghs_a` }],
    ['a cookie in another case', { cookie: `${COOKIE.toUpperCase()}=ghs_a` }],
  ])('finds none in %s', (_what, headers) => {
    expect(() => credentialOf(headers, COOKIE)).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_MISSING' }));
  });

  it.each([
    ['two cookies', { cookie: `${COOKIE}=ghs_a; ${COOKIE}=ghs_b` }],
    ['two cookie headers', { cookie: `${COOKIE}=ghs_a; theme=dark; ${COOKIE}=ghs_b` }],
    ['two bearers', { authorization: 'Bearer ghs_a,Bearer ghs_b' }],
    ['a bearer and another scheme', { authorization: 'Basic dTpw, Bearer ghs_a' }],
    ['two bearers as Node joins them', { authorization: 'Bearer ghs_a, Bearer ghs_b' }],
    ['a bearer and a cookie', { authorization: 'Bearer ghs_a', cookie: `${COOKIE}=ghs_b` }],
  ])('refuses to choose between %s', (_what, headers) => {
    expect(() => credentialOf(headers, COOKIE)).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_AMBIGUOUS' }));
  });
});

describe('credentialOf of a header that is no good', () => {
  it.each(['Bearer', 'Bearer ghs_a b', 'Bearer\tghs_a', 'ghs_a', ''])('refuses %j, cookie or not', (authorization) => {
    for (const headers of [{ authorization }, { authorization, cookie: `${COOKIE}=ghs_a` }]) {
      expect(() => credentialOf(headers, COOKIE)).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_INVALID' }));
    }
  });
});

describe('carriesBearer', () => {
  it.each([
    'Bearer ghs_a',
    'bearer ghs_a',
    'Bearer',
    'Bearer ghs_a and more',
    'Basic dTpw, Bearer ghs_a',
    'BEARER\tghs_a',
    'ghs_a',
    '',
  ])('sees the credential in %s', (header) => {
    expect(carriesBearer(header)).toBe(true);
  });

  it.each([undefined, 'Basic dTpw', 'Bearerish ghs_a', 'Digest username="Bearer x"'])('sees none in %s', (header) => {
    expect(carriesBearer(header)).toBe(false);
  });
});
