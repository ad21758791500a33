import { describe, expect, it } from 'vitest';
import { readCredential } from './credential.ts';

const NAME = '__Host-gatehouse_session';
const read = (authorization: string | string[] | undefined, cookie?: string) =>
  readCredential(authorization, cookie, NAME);

describe('readCredential', () => {
  it.each([
    ['Bearer ghs_a', undefined, 'bearer'],
    ['Bearer ghs_a', 'theme=dark', 'bearer'],
    ['Bearer ghs_a', `${NAME}=ghs_a`, 'bearer'],
    [undefined, `theme=dark; ${NAME}=ghs_a`, 'cookie'],
    [undefined, `${NAME}=ghs_a; ${NAME}="ghs_a"`, 'cookie'],
    ['Basic dTpw', `${NAME}=ghs_a`, 'cookie'],
    [[], `${NAME}=ghs_a`, 'cookie'],
  ])('finds the token in %j and %j', (authorization, cookie, carrier) => {
    expect(read(authorization, cookie)).toEqual({ token: 'ghs_a', carrier });
  });

  it.each([
    [undefined, undefined, 'SESSION_TOKEN_MISSING'],
    [undefined, 'theme=dark', 'SESSION_TOKEN_MISSING'],
    ['Basic dTpw', undefined, 'SESSION_TOKEN_MISSING'],
    ['', undefined, 'SESSION_TOKEN_INVALID'],
    ['Bearer', undefined, 'SESSION_TOKEN_INVALID'],
    ['', `${NAME}=ghs_a`, 'SESSION_TOKEN_INVALID'],
    ['Bearer', `${NAME}=ghs_a`, 'SESSION_TOKEN_INVALID'],
    ['Bearer ghs_a b', `${NAME}=ghs_a`, 'SESSION_TOKEN_INVALID'],
    ['ghs_a', `${NAME}=ghs_a`, 'SESSION_TOKEN_INVALID'],
    ['Bearer ghs_a', `${NAME}=ghs_b`, 'SESSION_TOKEN_AMBIGUOUS'],
    ['Bearer ghs_a', `${NAME}=`, 'SESSION_TOKEN_AMBIGUOUS'],
    [['Bearer ghs_a', 'Bearer ghs_b'], `${NAME}=ghs_a`, 'SESSION_TOKEN_AMBIGUOUS'],
    [undefined, `${NAME}=ghs_a; ${NAME}=ghs_b`, 'SESSION_TOKEN_AMBIGUOUS'],
    [undefined, `${NAME}=; ${NAME}=ghs_b`, 'SESSION_TOKEN_AMBIGUOUS'],
  ])('finds none in %j and %j: %s', (authorization, cookie, reason) => {
    expect(read(authorization, cookie)).toEqual({ reason, message: expect.stringMatching(/^The .*\.$/) });
  });
});
