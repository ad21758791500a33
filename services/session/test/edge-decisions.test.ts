import { randomUUID } from 'node:crypto';
import { fakeClock } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthz } from './authz-stand-in.ts';
import { type Doors, type EdgeCase, type EdgeVerdict, startDoors } from './edge-doors.ts';
import { REQUEST, STEADY, tampered, untilSteady } from './harness.ts';

const READER = randomUUID();
const STRANGER = randomUUID();
const COOKIE = '__Host-gatehouse_session';
const ALLOWED = { status: 200, reason: undefined };
const clock = fakeClock();

let authz: Awaited<ReturnType<typeof startAuthz>>;
let doors: Doors;
const token: Record<string, string> = {};

beforeAll(async () => {
  authz = await startAuthz((user, permission) => user === READER && permission === 'projects:read', 'minimizeLatency');
  const peers = { GATEHOUSE_AUTHZ_ADDRESS: authz.address, GATEHOUSE_SESSION_AUDIENCES: 'gatehouse,orders' };
  doors = await startDoors({ env: { ...STEADY, ...peers }, clock });
  await untilSteady(doors.rig);
  const create = async (userId: string, authenticationLevel: number, lifetimeSeconds = 0) => {
    const request = { ...REQUEST, userId, authenticationLevel, lifetimeSeconds };
    return (await doors.rig.identity.createSession(request)).sessionToken;
  };
  token.reader = await create(READER, 1);
  token.stranger = await create(STRANGER, 1);
  token.strong = await create(STRANGER, 2);
  token.brief = await create(STRANGER, 1, 60);
  token.revoked = await create(STRANGER, 1);
  token.tampered = tampered(token.reader);
  for (const each of [token.reader, token.brief, token.revoked]) await doors.grpc({ headers: bearer(each) });
  await doors.rig.app.revokeSession({ target: { $case: 'sessionToken', value: token.revoked }, reason: 1 });
  clock.advance(60_000);
});
afterAll(async () => {
  await doors.stop();
  await authz.stop();
});

/** Through both doors: first one, in both of the ways in which Envoy asks, then the other, and all must say the same. */
async function throughBoth(asked: EdgeCase): Promise<EdgeVerdict> {
  const [grpc, raw, http] = [await doors.grpc(asked), await doors.grpcRaw(asked), await doors.http(asked)];
  expect(raw).toEqual(grpc);
  expect(http).toEqual(grpc);
  return http;
}

function bearer(value = '') {
  return { authorization: `Bearer ${value}` };
}

function cookie(value = '') {
  return { cookie: `theme=dark; ${COOKIE}=${value}` };
}

const anonymous = { anonymous: 'allow' };

describe('a request passes', () => {
  it.each<[string, () => EdgeCase]>([
    ['with a bearer token', () => ({ headers: bearer(token.reader) })],
    ['with the cookie', () => ({ headers: cookie(token.reader) })],
    ['with spaces before the token', () => ({ headers: { authorization: `bearer   ${token.reader}` } })],
    ['with the same token twice', () => ({ headers: { authorization: Array(2).fill(`Bearer ${token.reader}`) } })],
    [
      'with the cookie beside credentials for the application',
      () => ({ headers: { ...cookie(token.reader), authorization: 'Basic dTpw' } }),
    ],
    ['with the level that is asked for', () => ({ headers: bearer(token.strong), policy: { min_level: '2' } })],
    ['with the permission', () => ({ headers: bearer(token.reader), policy: { permission: 'projects:read' } })],
    ['where nobody has to be anybody', () => ({ headers: bearer(token.reader), policy: anonymous })],
    [
      'by a form of the origin itself',
      () => ({ ...form, headers: { ...cookie(token.reader), ...site('same-origin') } }),
    ],
    [
      'by a form of the site, where the route says so',
      () => ({ ...form, headers: { ...cookie(token.reader), ...site('same-site') }, policy: { csrf: 'same-site' } }),
    ],
    [
      'by a form of another site, where the route says so',
      () => ({ ...form, headers: { ...cookie(token.reader), ...site('cross-site') }, policy: { csrf: 'off' } }),
    ],
    [
      'from another site with a bearer token, which no browser adds by itself',
      () => ({ ...form, headers: { ...bearer(token.reader), ...site('cross-site') } }),
    ],
    ['by a link from another site', () => ({ headers: { ...cookie(token.reader), ...site('cross-site') } })],
  ])('%s', async (_how, asked) => {
    const verdict = await throughBoth(asked());
    expect(verdict).toMatchObject(ALLOWED);
    expect([undefined, 'Basic dTpw']).toContain(verdict.authorization);
    expect(verdict.upstream).toMatchObject({
      'x-auth-subject': expect.stringMatching(new RegExp(`^(${READER}|${STRANGER})$`)),
      'x-auth-session': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-auth-methods': 'pwd',
      'x-auth-level': expect.stringMatching(/^[12]$/),
      'x-auth-token': expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    });
  });

  it('with further headers, and an access token for whom the route names', async () => {
    const policy = { 'header.x-tenant': 'acme & co', audience: 'orders' };
    const { upstream } = await throughBoth({ headers: bearer(token.reader), policy });
    expect(upstream['x-tenant']).toBe('acme & co');
    expect(claims(upstream['x-auth-token'])).toMatchObject({ aud: 'orders', sub: READER });
    const other = await throughBoth({ headers: bearer(token.reader) });
    expect(claims(other.upstream['x-auth-token'])).toMatchObject({ aud: 'gatehouse', sub: READER });
  });

  it.each<[string, () => Record<string, string>]>([
    ['no token', () => ({})],
    ['a token that is tampered with', () => bearer(token.tampered)],
    ['an expired session', () => bearer(token.brief)],
    ['a revoked session', () => cookie(token.revoked)],
    ['several tokens', () => ({ ...bearer(token.reader), ...cookie(token.strong) })],
    ['a token without its scheme', () => ({ authorization: token.reader ?? '' })],
    ['a bearer that is none', () => ({ authorization: `Bearer ${token.reader} x`, ...cookie(token.reader) })],
  ])("with %s as nobody's, where the route lets it", async (_what, headers) => {
    const forged = { 'x-auth-subject': 'root', 'x-auth-token': 'forged' };
    const policy = { ...anonymous, 'header.x-tenant': 'acme' };
    const verdict = await throughBoth({ headers: { ...headers(), ...forged }, policy });
    expect(verdict).toMatchObject({ ...ALLOWED, upstream: { 'x-tenant': 'acme' } });
    expect(Object.keys(verdict.upstream)).toEqual(['x-tenant']);
    expect(`${verdict.authorization} ${verdict.cookie}`).not.toContain('ghs_');
  });
});

describe('a request is denied', () => {
  it.each<[reason: string, status: number, what: string, () => EdgeCase]>([
    ['SESSION_TOKEN_MISSING', 401, 'without a token', () => ({})],
    ['SESSION_TOKEN_INVALID', 401, 'with one that is tampered with', () => ({ headers: bearer(token.tampered) })],
    ['SESSION_TOKEN_INVALID', 401, 'with nonsense', () => ({ headers: bearer('ghs_nonsense') })],
    ['SESSION_TOKEN_INVALID', 401, 'with a bearer that is none', () => ({ headers: { authorization: 'Bearer' } })],
    [
      'SESSION_TOKEN_INVALID',
      401,
      'with one beside a good cookie',
      () => ({ headers: { ...cookie(token.reader), authorization: 'Bearer ghs_a b' } }),
    ],
    [
      'SESSION_TOKEN_INVALID',
      401,
      'with a token that stands there alone, beside a good cookie',
      () => ({ headers: { ...cookie(token.reader), authorization: token.reader ?? '' } }),
    ],
    [
      'SESSION_TOKEN_INVALID',
      401,
      'with an empty header beside a good cookie',
      () => ({ headers: { ...cookie(token.reader), authorization: '' } }),
    ],
    [
      'SESSION_TOKEN_AMBIGUOUS',
      401,
      'with two that come one by one',
      () => ({ headers: { authorization: [`Bearer ${token.reader}`, `Bearer ${token.strong}`] } }),
    ],
    [
      'SESSION_TOKEN_AMBIGUOUS',
      401,
      'with one beside credentials of another scheme',
      () => ({ headers: { authorization: ['Basic dTpw', `Bearer ${token.reader}`] } }),
    ],
    ['SESSION_EXPIRED', 401, 'with an expired session', () => ({ headers: bearer(token.brief) })],
    ['SESSION_REVOKED', 401, 'with a revoked session', () => ({ headers: bearer(token.revoked) })],
    [
      'SESSION_TOKEN_AMBIGUOUS',
      401,
      'with two tokens',
      () => ({ headers: { ...bearer(token.reader), ...cookie(token.strong) } }),
    ],
    ['LEVEL_TOO_LOW', 401, 'below the level', () => ({ headers: bearer(token.reader), policy: { min_level: '2' } })],
    [
      'PERMISSION_MISSING',
      403,
      'without the permission',
      () => ({ headers: bearer(token.stranger), policy: { permission: 'projects:read' } }),
    ],
    [
      'PERMISSION_MISSING',
      403,
      'without that very permission',
      () => ({ headers: bearer(token.reader), policy: { permission: 'projects:write' } }),
    ],
    [
      'CSRF_SUSPECTED',
      403,
      'when a form of another site sends the cookie',
      () => ({ ...form, headers: { ...cookie(token.reader), ...site('cross-site') } }),
    ],
    [
      'CSRF_SUSPECTED',
      403,
      'when another origin does, in a browser that only says Origin',
      () => ({ ...form, headers: { ...cookie(token.reader), origin: 'https://evil.example' } }),
    ],
    ['POLICY_INVALID', 500, 'on a route with an unknown key', () => good({ minlevel: '2' })],
    ['POLICY_INVALID', 500, 'on a route with a bad value', () => good({ min_level: '9' })],
    ['POLICY_INVALID', 500, 'on a route for nobody that is known', () => good({ audience: 'elsewhere' })],
    ['POLICY_INVALID', 500, 'on a route that would set an identity', () => good({ 'header.x-auth-subject': 'root' })],
    ['POLICY_INVALID', 500, 'on such a route also as nobody', () => ({ policy: { ...anonymous, minlevel: '2' } })],
  ])('%s (%i) %s', async (reason, status, _what, asked) => {
    const verdict = await throughBoth(asked());
    expect(verdict).toMatchObject({ status, reason });
    expect(JSON.parse(verdict.body)).toMatchObject({ reason });
    expect(verdict.body).not.toMatch(/ghs_|minlevel|elsewhere/);
  });

  it('with a challenge that says what is missing', async () => {
    const { challenge } = await throughBoth({});
    expect(challenge).toBe('Bearer realm="gatehouse"');
    const invalid = await throughBoth({ headers: bearer(token.tampered) });
    expect(invalid.challenge).toContain('error="invalid_token"');
    const low = await throughBoth({ headers: bearer(token.reader), policy: { min_level: '3' } });
    expect(low.challenge).toMatch(/error="insufficient_user_authentication".*acr_values="3"/);
    const forbidden = await throughBoth({ headers: bearer(token.stranger), policy: { permission: 'projects:read' } });
    expect(forbidden.challenge).toContain('error="insufficient_scope"');
  });
});

describe('the access token for the upstream', () => {
  it('is the same for half of its life, and then another', async () => {
    const session = await doors.rig.create();
    const ofNow = async () => {
      const { upstream } = await throughBoth({ headers: bearer(session.sessionToken) });
      return upstream['x-auth-token'];
    };
    const first = await ofNow();
    clock.advance(149_000);
    expect(await ofNow()).toBe(first);
    clock.advance(2_000);
    expect(await ofNow()).not.toBe(first);
  });
});

describe('when authz does not answer', () => {
  it('nobody is told no: it is UNAVAILABLE, and 503', async () => {
    await authz.stop();
    const asked = { headers: bearer(token.reader), policy: { permission: 'projects:read' } };
    await expect(doors.grpc(asked)).rejects.toMatchObject({ kind: 'unavailable', reason: 'AUTHZ_UNAVAILABLE' });
    expect(await doors.http(asked)).toMatchObject({ status: 503, reason: 'AUTHZ_UNAVAILABLE' });
    expect(await throughBoth({ headers: bearer(token.reader) })).toMatchObject(ALLOWED);
  });
});

const form = { method: 'POST' };

function site(value: string) {
  return { 'sec-fetch-site': value };
}

function good(policy: Record<string, string>): EdgeCase {
  return { headers: bearer(token.reader), policy };
}

function claims(jwt = '') {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
}
