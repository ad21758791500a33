import { describe, expect, it } from 'vitest';
import { credentialOf } from './credential.ts';
import { sessionTokenOf } from './session-token-of.ts';

const NAME = '__Host-gatehouse_session';

describe('credentialOf', () => {
  it.each([
    [{ authorization: 'Bearer ghs_a' }, 'ghs_a', 'bearer'],
    [{ authorization: 'bearer  ghs_a' }, 'ghs_a', 'bearer'],
    [{ authorization: 'Basic eDp5, Bearer ghs_a' }, 'ghs_a', 'bearer'],
    [{ authorization: 'Basic eDp5', cookie: `${NAME}=ghs_a` }, 'ghs_a', 'cookie'],
    [{ cookie: `other=1; ${NAME}=ghs_a; theme=dark` }, 'ghs_a', 'cookie'],
    [{ cookie: `${NAME}="ghs_a"` }, 'ghs_a', 'cookie'],
    [{ cookie: ['other=1', `${NAME}=ghs_a`] }, 'ghs_a', 'cookie'],
    [{ cookie: `${NAME}=ghs_a; ${NAME}=ghs_a` }, 'ghs_a', 'cookie'],
    [{ authorization: 'Bearer ghs_a', cookie: `${NAME}=ghs_a` }, 'ghs_a', 'bearer'],
  ])('finds the token in %j', (headers, token, carrier) => {
    expect(credentialOf(headers, NAME)).toEqual({ token, carrier });
  });

  it.each([
    [{}],
    [{ authorization: '' }],
    [{ authorization: 'Bearer' }],
    [{ authorization: 'Bearer ' }],
    [{ authorization: 'Bearer a b' }],
    [{ authorization: 'Basic eDp5' }],
    [{ authorization: 'ghs_a' }],
    [{ cookie: 'gatehouse_session=ghs_a' }],
    [{ cookie: `x${NAME}=ghs_a` }],
    [{ cookie: `a=${NAME}` }],
    [{ cookie: NAME }],
    [{ cookie: `theme=dark,${NAME}=ghs_a` }],
    [{ cookie: `theme=dark; \u00a0${NAME}=ghs_a` }],
  ])('finds none in %j', (headers) => {
    expect(() => credentialOf(headers, NAME)).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_MISSING' }));
  });

  it.each([
    [{ authorization: 'Bearer ghs_a', cookie: `${NAME}=ghs_b` }],
    [{ authorization: 'Bearer ghs_a, Bearer ghs_b' }],
    [{ authorization: ['Bearer ghs_a', 'Bearer ghs_b'] }],
    [{ cookie: `${NAME}=ghs_a; ${NAME}=ghs_b` }],
    [{ cookie: [`${NAME}=ghs_a`, `theme=dark; ${NAME}=ghs_b`] }],
    [{ cookie: `${NAME}=; ${NAME}=ghs_b` }],
  ])('does not choose among the tokens of %j', (headers) => {
    expect(() => credentialOf(headers, NAME)).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_AMBIGUOUS' }));
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
