import { describe, expect, it } from 'vitest';
import { hasForgedHeader, headerChanges, headersToRemove } from './edge-headers.ts';
import { parsePolicy } from './edge-policy.ts';

const COOKIE = '__Host-gatehouse_session';
const { set, setForNobody } = parsePolicy([]);

describe('headersToRemove', () => {
  it('names the credential and every spelling of an identity header that is not overwritten', () => {
    const headers = {
      authorization: 'Bearer ghs_a',
      'x-auth-subject': 'me',
      'x-auth-role': 'admin',
      x_auth_subject: 'me',
      'x-auth_session': 'mine',
      'x.auth.level': '3',
      'X-AUTH-TOKEN': 'forged',
      'x-authentic': 'stays',
      ':path': '/x-auth-',
      accept: '*/*',
    };
    expect(headersToRemove(headers, set)).toEqual([
      'authorization',
      'x-auth-role',
      'x_auth_subject',
      'x-auth_session',
      'x.auth.level',
      'X-AUTH-TOKEN',
    ]);
  });

  it('names all of them for a request of nobody', () => {
    const headers = { 'x-auth-subject': 'me', 'x-auth-token': 'forged', accept: '*/*' };
    expect(headersToRemove(headers, setForNobody)).toEqual(['x-auth-subject', 'x-auth-token']);
  });

  it('names other spellings of a header that the route sets', () => {
    const policy = parsePolicy([['header.tenant-id', 'acme']]);
    const headers = { 'tenant-id': 'evil', tenant_id: 'evil', 'Tenant-Id': 'evil', 'x-tenant-id': 'stays' };
    for (const names of [policy.set, policy.setForNobody]) {
      expect(headersToRemove(headers, names)).toEqual(['tenant_id', 'Tenant-Id']);
    }
  });

  it.each([
    ['a credential that is not ours', 'Basic dTpw', []],
    ['what is broken in a bearer token', 'Bearer ghs_a b', ['authorization']],
  ])('knows %s', (_what, authorization, expected) => {
    expect(headersToRemove({ authorization }, set)).toEqual(expected);
  });
});

describe('hasForgedHeader', () => {
  const policy = parsePolicy([['header.tenant-id', 'acme']]);

  it.each(['x.auth.subject', 'x_auth_subject', 'X-AUTH-SUBJECT', "x!auth'level", 'x-auth-roles', 'tenant_id'])(
    'sees %s',
    (name) => expect(hasForgedHeader({ accept: '*/*', [name]: '' }, policy.set)).toBe(true),
  );

  it.each(['x-auth-subject', 'tenant-id', 'x-authentic', 'xauth-subject', 'tenantid', '', '.'])(
    'sees nothing in %j',
    (name) => expect(hasForgedHeader({ accept: '*/*', [name]: 'root' }, policy.set)).toBe(false),
  );
});

describe('headerChanges', () => {
  it.each([
    ['replaces the cookies when others are left', `${COOKIE}=ghs_a; a=b`, { remove: [], cookie: 'a=b' }],
    ['removes the header when none is left', `${COOKIE}=ghs_a`, { remove: ['cookie'], cookie: undefined }],
    ['leaves alone what is not ours', 'a=b', { remove: [], cookie: undefined }],
  ])('%s', (_what, cookie, expected) => {
    expect(headerChanges({ cookie }, COOKIE, set)).toEqual(expected);
  });
});
