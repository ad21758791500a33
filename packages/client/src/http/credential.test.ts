import { describe, expect, it } from 'vitest';
import { credentialOf } from './credential.ts';
import { sessionTokenOf } from './session-token-of.ts';

const NAME = '__Host-gatehouse_session';

describe('credentialOf', () => {
  it.each([
    [{ authorization: 'Bearer ghs_a' }, 'ghs_a', 'bearer'],
    [{ authorization: 'bearer  ghs_a' }, 'ghs_a', 'bearer'],
    [{ authorization: ['Bearer ghs_a', 'Bearer ghs_a'] }, 'ghs_a', 'bearer'],
    [{ authorization: 'Basic eDp5', cookie: `${NAME}=ghs_a` }, 'ghs_a', 'cookie'],
    [{ cookie: `other=1; ${NAME}=ghs_a; theme=dark` }, 'ghs_a', 'cookie'],
    [{ cookie: ['other=1', `${NAME}=ghs_a`] }, 'ghs_a', 'cookie'],
    [{ authorization: 'Bearer ghs_a', cookie: `${NAME}=ghs_a` }, 'ghs_a', 'bearer'],
  ])('finds the token in %j', (headers, token, carrier) => {
    expect(credentialOf({ headers }, NAME)).toEqual({ token, carrier });
  });

  it.each<[headers: Record<string, string | string[]>, reason: string]>([
    [{}, 'SESSION_TOKEN_MISSING'],
    [{ authorization: 'Basic eDp5' }, 'SESSION_TOKEN_MISSING'],
    [{ cookie: `theme=dark,${NAME}=ghs_a` }, 'SESSION_TOKEN_MISSING'],
    [{ cookie: `theme=dark; \u00a0${NAME}=ghs_a` }, 'SESSION_TOKEN_MISSING'],
    [{ authorization: '' }, 'SESSION_TOKEN_INVALID'],
    [{ authorization: 'Bearer a b', cookie: `${NAME}=ghs_a` }, 'SESSION_TOKEN_INVALID'],
    [{ authorization: 'Bearer ghs_a', cookie: `${NAME}=ghs_b` }, 'SESSION_TOKEN_AMBIGUOUS'],
    [{ authorization: ['Bearer ghs_a', 'Bearer ghs_b'] }, 'SESSION_TOKEN_AMBIGUOUS'],
    [{ cookie: [`${NAME}=ghs_a`, `theme=dark; ${NAME}=ghs_b`] }, 'SESSION_TOKEN_AMBIGUOUS'],
  ])('finds none in %j: %s', (headers, reason) => {
    expect(() => credentialOf({ headers }, NAME)).toThrow(expect.objectContaining({ reason }));
  });

  it('sees every Authorization header that was sent, where Node keeps the first', () => {
    const headers = { authorization: 'Bearer ghs_a' };
    const rawHeaders = ['Host', 'x', 'Authorization', 'Bearer ghs_a', 'X-Authorization', 'Bearer ghs_c'];
    const two = [...rawHeaders, 'AUTHORIZATION', 'Bearer ghs_b'];
    expect(credentialOf({ headers, rawHeaders }, NAME)).toMatchObject({ token: 'ghs_a' });
    for (const request of [
      { headers, rawHeaders: two },
      { headers, raw: { rawHeaders: two } },
    ]) {
      expect(() => credentialOf(request, NAME)).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_AMBIGUOUS' }));
      expect(sessionTokenOf(request)).toBeUndefined();
    }
  });

  it('takes what the application has put in the place of the one that was sent', () => {
    const rawHeaders = ['Authorization', 'Bearer ghs_b'];
    expect(credentialOf({ headers: { authorization: 'Bearer ghs_a' }, rawHeaders }, NAME).token).toBe('ghs_a');
    expect(() => credentialOf({ headers: {}, rawHeaders }, NAME)).toThrow();
  });
});

describe('sessionTokenOf', () => {
  it('is the one token of a request', () => {
    expect(sessionTokenOf({ headers: { authorization: 'Bearer ghs_a' } })).toBe('ghs_a');
    expect(sessionTokenOf({ headers: { cookie: `${NAME}=ghs_a` } })).toBe('ghs_a');
    expect(sessionTokenOf({ headers: { cookie: 'sid=ghs_a' } }, { cookieName: 'sid' })).toBe('ghs_a');
  });

  it('is undefined where there is none, or more than one', () => {
    expect(sessionTokenOf({ headers: {} })).toBeUndefined();
    expect(sessionTokenOf({ headers: { authorization: 'Bearer ghs_a', cookie: `${NAME}=ghs_b` } })).toBeUndefined();
  });
});
