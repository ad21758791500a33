import { CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { describe, expect, it } from 'vitest';
import { headerChanges } from '../domain/edge-headers.ts';
import { parsePolicy, type Setting } from '../domain/edge-policy.ts';
import type { Headers } from '../domain/edge-request.ts';
import { permits } from './permit.ts';

const COOKIE = '__Host-gatehouse_session';
const STRICTEST = parsePolicy([]);
const bearer = { authorization: 'Bearer ghs_a' };

const edgeSession = (sessionId: string) => ({
  sessionId,
  userId: '01930f6e-1a2b-7c3d-9e4f-0a1b2c3d4e5f',
  authenticationMethods: ['pwd'],
  authenticationLevel: 1,
});

function allowed(session: ReturnType<typeof edgeSession>, headers: Headers, accessToken = 'jwt-1', policy = STRICTEST) {
  return {
    outcome: 'allowed' as const,
    session,
    accessToken,
    policy,
    changes: headerChanges(headers, COOKIE, policy.set),
  };
}

function read(answer: Buffer) {
  const { httpResponse } = CheckResponse.decode(answer);
  if (httpResponse?.$case !== 'okResponse') throw new Error('It does not let the request pass.');
  const { headers, headersToRemove } = httpResponse.value;
  return { set: Object.fromEntries(headers.map(({ header }) => [header?.key, header?.value])), headersToRemove };
}

describe('a permit', () => {
  it('is made once for requests that need the same changes', () => {
    const permit = permits();
    const session = edgeSession('one');
    const answer = permit(allowed(session, { ...bearer, 'x-request-id': '1' }));
    expect(permit(allowed(session, { ...bearer, 'x-request-id': '2' }))).toBe(answer);
    expect(read(answer)).toMatchObject({ set: { 'x-auth-session': 'one' }, headersToRemove: ['authorization'] });
  });

  it.each([
    ['a forged identity', { ...bearer, 'x-auth-roles': 'admin' }, ['authorization', 'x-auth-roles'], undefined],
    ['the cookie', { cookie: `${COOKIE}=ghs_a` }, ['cookie'], undefined],
    ['the cookie among others', { cookie: `${COOKIE}=ghs_a; theme=dark` }, [], 'theme=dark'],
  ])('follows the headers of its own request when they bring %s', (_what, headers, headersToRemove, cookie) => {
    const permit = permits();
    const session = edgeSession('one');
    permit(allowed(session, bearer));
    const { set, ...rest } = read(permit(allowed(session, headers)));
    expect(rest).toEqual({ headersToRemove });
    expect(set.cookie).toBe(cookie);
    expect(read(permit(allowed(session, bearer))).headersToRemove).toEqual(['authorization']);
  });

  it('names the session that it was asked for', () => {
    const permit = permits();
    permit(allowed(edgeSession('one'), bearer));
    expect(read(permit(allowed(edgeSession('two'), bearer))).set['x-auth-session']).toBe('two');
  });

  it('is forgotten when the session has another access token', () => {
    const permit = permits();
    const session = edgeSession('one');
    permit(allowed(session, bearer, 'jwt-1'));
    expect(read(permit(allowed(session, bearer, 'jwt-2'))).set['x-auth-token']).toBe('jwt-2');
    expect(read(permit(allowed(session, bearer, 'jwt-2'))).set['x-auth-token']).toBe('jwt-2');
  });

  it('differs by policy, and two of them are remembered side by side', () => {
    const permit = permits();
    const session = edgeSession('one');
    const policy = (tenant: string) => parsePolicy([['header.x-tenant', tenant] satisfies Setting]);
    const [acme, other, third] = [policy('acme'), policy('other'), policy('third')];
    const ask = (each: typeof acme) => permit(allowed(session, bearer, 'jwt-1', each));
    const first = ask(acme);
    expect(read(first).set['x-tenant']).toBe('acme');
    expect(read(ask(other)).set['x-tenant']).toBe('other');
    expect(ask(acme)).toBe(first);
    expect(read(ask(third)).set['x-tenant']).toBe('third');
    expect(read(ask(acme)).set['x-tenant']).toBe('acme');
  });

  it('that is long is not remembered', () => {
    const permit = permits();
    const session = edgeSession('one');
    const headers = { cookie: `${COOKIE}=ghs_a; long=${'x'.repeat(4096)}` };
    const answer = permit(allowed(session, headers));
    expect(permit(allowed(session, headers))).not.toBe(answer);
    expect(permit(allowed(session, headers)).equals(answer)).toBe(true);
  });
});
