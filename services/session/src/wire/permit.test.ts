import { CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { describe, expect, it } from 'vitest';
import { permits } from './permit.ts';
import { toReply } from './session.ts';

const COOKIE = 'gatehouse_session';
const bearer = { authorization: 'Bearer ghs_a' };

function cachedSession(id: string) {
  const expiresAt = new Date('2030-01-31T12:00:00.000Z');
  const tokenHash = Buffer.alloc(32);
  const reply = toReply({
    id,
    userId: '01930f6e-1a2b-7c3d-9e4f-0a1b2c3d4e5f',
    tokenHash,
    authenticationMethods: ['pwd'],
    origin: { ipAddress: '', userAgent: '', deviceFingerprint: '', countryCode: '', city: '' },
    createdAt: new Date('2030-01-01T12:00:00.000Z'),
    expiresAt,
    revokedAt: undefined,
    revokedReason: undefined,
    version: 1n,
  });
  return { tokenHash, expiresAtMs: expiresAt.getTime(), reply };
}

function read(answer: Buffer) {
  const { httpResponse } = CheckResponse.decode(answer);
  if (httpResponse?.$case !== 'okResponse') throw new Error('It does not let the request pass.');
  const { headers, headersToRemove } = httpResponse.value;
  return { set: Object.fromEntries(headers.map(({ header }) => [header?.key, header?.value])), headersToRemove };
}

describe('a permit', () => {
  it('is made once for requests that need the same changes', () => {
    const permit = permits(COOKIE);
    const session = cachedSession('one');
    const answer = permit(session, { ...bearer, 'x-request-id': '1' });
    expect(permit(session, { ...bearer, 'x-request-id': '2' })).toBe(answer);
    expect(read(answer)).toMatchObject({ set: { 'x-auth-session': 'one' }, headersToRemove: ['authorization'] });
  });

  it.each([
    ['a forged identity', { ...bearer, 'x-auth-roles': 'admin' }, ['authorization', 'x-auth-roles'], undefined],
    ['the cookie', { cookie: `${COOKIE}=ghs_a` }, ['cookie'], undefined],
    ['the cookie among others', { cookie: `${COOKIE}=ghs_a; theme=dark` }, [], 'theme=dark'],
  ])('follows the headers of its own request when they bring %s', (_what, headers, headersToRemove, cookie) => {
    const permit = permits(COOKIE);
    const session = cachedSession('one');
    permit(session, bearer);
    const { set, ...rest } = read(permit(session, headers));
    expect(rest).toEqual({ headersToRemove });
    expect(set.cookie).toBe(cookie);
    expect(read(permit(session, bearer)).headersToRemove).toEqual(['authorization']);
  });

  it('names the session that it was asked for', () => {
    const permit = permits(COOKIE);
    permit(cachedSession('one'), bearer);
    expect(read(permit(cachedSession('two'), bearer)).set['x-auth-session']).toBe('two');
  });

  it('that is long is not remembered', () => {
    const permit = permits(COOKIE);
    const session = cachedSession('one');
    const headers = { cookie: `${COOKIE}=ghs_a; long=${'x'.repeat(4096)}` };
    const answer = permit(session, headers);
    expect(permit(session, headers)).not.toBe(answer);
    expect(permit(session, headers).equals(answer)).toBe(true);
  });
});
