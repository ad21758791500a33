import { randomBytes, randomUUID } from 'node:crypto';
import {
  Freshness,
  RevokedReason,
  SessionServiceService,
  type SessionValidation,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { bidiClient } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN, REQUEST, tampered } from './harness.ts';
import { type StartedTokens, startTokens } from './token-rig.ts';

/** Stands in a request for a byte that is no UTF-8; no token holds it. */
const NO_UTF8 = '~';
const { FRESHNESS_BOUNDED } = Freshness;
const REASON = RevokedReason.REVOKED_REASON_LOGOUT;
const LOGIN = { authenticationMethods: ['otp'], authenticationLevel: 2, origin: ORIGIN };

let rig: StartedTokens;
let good: { readonly sessionToken: string; readonly refreshToken: string; readonly accessToken: string };

beforeAll(async () => {
  rig = await startTokens();
  const made = await rig.identity.createSession({ ...REQUEST, userId: randomUUID(), withRefreshToken: true });
  good = { ...made, accessToken: await rig.issue(made.sessionToken) };
});
afterAll(() => rig.stop());

/** What no end user was ever given. */
const NONSENSE: readonly [what: string, token: () => string][] = [
  ['nothing', () => ''],
  ['a space', () => ' '],
  ['U+0000 alone', () => '\0'],
  ['U+0000 at the end of a good one', () => `${good.sessionToken}\0`],
  ['U+0000 within', () => good.sessionToken.replace(/^(.{20})./, '$1\0')],
  ['a byte that is no UTF-8', () => NO_UTF8],
  ['such a byte within', () => good.sessionToken.replace(/^(.{20})./, `$1${NO_UTF8}`)],
  ['such a byte behind a good one', () => good.refreshToken + NO_UTF8],
  ['256 characters', () => `ghs_${'A'.repeat(252)}`],
  ['257 characters', () => `ghr_${'A'.repeat(253)}`],
  ['10,000 characters outside the ASCII', () => '\u{1f511}'.repeat(5_000)],
  ['200 KiB', () => `ghs_${'A'.repeat(200 * 1024)}`],
  ['a token of nobody', () => `ghs_${randomBytes(42).toString('base64url')}`],
  ['another character in a good one', () => tampered(good.sessionToken)],
  ['a scheme before a good one', () => `Bearer ${good.sessionToken}`],
];
const NO_SESSION_TOKEN = [
  ...NONSENSE,
  ['a refresh token', () => good.refreshToken],
  ['an access token', () => good.accessToken],
] as const;
const NO_REFRESH_TOKEN = [
  ...NONSENSE,
  ['a session token', () => good.sessionToken],
  ['an access token', () => good.accessToken],
] as const;

interface Rpc {
  readonly requestSerialize: (request: never) => Buffer;
}

/** The same RPCs, whose requests come with bytes in them that no client of ours would send. */
function spoiling<Rpcs extends Readonly<Record<string, Rpc>>>(rpcs: Rpcs): Rpcs {
  const spoilt = Object.entries(rpcs).map(([name, rpc]) => [name, { ...rpc, requestSerialize: spoilingBytes(rpc) }]);
  // The entries are those of `rpcs`, of which TypeScript remembers neither the names nor the types.
  return Object.fromEntries(spoilt) as unknown as Rpcs;
}

function spoilingBytes({ requestSerialize }: Rpc): Rpc['requestSerialize'] {
  return (request) => {
    const bytes = requestSerialize(request);
    bytes.forEach((byte, at) => {
      if (byte === NO_UTF8.charCodeAt(0)) bytes[at] = 0xff;
    });
    return bytes;
  };
}

const spoilt = spoiling(SessionServiceService);
const sessions = (peer: string) => rig.service.connectAs(peer, spoilt);
const tokens = () => rig.service.connectAs('app/test', spoiling(TokenServiceService));
const sessionInvalid = { kind: 'unauthenticated', reason: 'SESSION_TOKEN_INVALID' };
const refusal = { $case: 'refusal', value: { reason: 'SESSION_TOKEN_INVALID', retryable: false, revokedReason: 0 } };

const byToken = {
  ValidateSession: (sessionToken: string) =>
    sessions('app/test').validateSession({ sessionToken, freshness: FRESHNESS_BOUNDED, consistencyToken: '' }),
  ElevateSession: (sessionToken: string) => sessions('identity').elevateSession({ sessionToken, ...LOGIN }),
  ExtendSession: (sessionToken: string) => sessions('app/test').extendSession({ sessionToken, lifetimeSeconds: 0 }),
  RevokeSession: (value: string) =>
    sessions('app/test').revokeSession({ target: { $case: 'sessionToken', value }, reason: REASON }),
  RevokeOtherSessions: (sessionToken: string) =>
    sessions('app/test').revokeOtherSessions({ sessionToken, reason: REASON }),
  IssueAccessToken: (sessionToken: string) => tokens().issueAccessToken({ sessionToken, audience: '' }),
};

describe('what an end user sends instead of a token', () => {
  describe.each(Object.entries(byToken))('%s', (_rpc, call) => {
    it.each(NO_SESSION_TOKEN)('refuses %s as a token that is not valid', async (_what, token) => {
      await expect(call(token())).rejects.toMatchObject(sessionInvalid);
    });
  });

  it.each(NO_REFRESH_TOKEN)('RefreshSession refuses %s as a token that is not valid', async (_what, token) => {
    const request = { refreshToken: token(), audience: '', origin: ORIGIN };
    await expect(tokens().refreshSession(request)).rejects.toMatchObject({
      kind: 'unauthenticated',
      reason: 'REFRESH_TOKEN_INVALID',
    });
  });

  it.each(NONSENSE)('IntrospectToken says of %s that it is not active', async (_what, token) => {
    await expect(tokens().introspectToken({ token: token(), tokenTypeHint: 0 })).resolves.toMatchObject({
      active: false,
      sub: '',
    });
  });

  it('BatchValidateSessions refuses each by itself, and answers the others', async () => {
    // All of them at once are more than a request may have.
    const bad = NO_SESSION_TOKEN.map(([, token]) => token().slice(0, 20_000));
    const sessionTokens = bad.flatMap((token) => [token, good.sessionToken]);
    const request = { sessionTokens, freshness: FRESHNESS_BOUNDED, consistencyToken: '' };
    const { results } = await sessions('app/test').batchValidateSessions(request);
    expectPairs(results, bad.length);
  });

  it('StreamValidateSessions refuses each by itself, and goes on', async () => {
    const client = await bidiClient(rig.service, 'app/test');
    const stream = client.open(spoilt.streamValidateSessions, {});
    for (const [, token] of NO_SESSION_TOKEN) {
      for (const sessionToken of [token(), good.sessionToken]) {
        stream.send({ sessionToken, freshness: FRESHNESS_BOUNDED, consistencyToken: '' });
      }
    }
    stream.finish();
    expect(await stream.ended).toEqual({ code: 0, reason: '' });
    expectPairs(stream.responses, NO_SESSION_TOKEN.length);
    client.close();
  });

  it('leaves the session as it was', async () => {
    await expect(rig.validate(good.sessionToken)).resolves.toBeDefined();
    await expect(rig.introspect(good.refreshToken)).resolves.toMatchObject({ active: true });
  });
});

/** A refusal and a session in turn. */
function expectPairs(results: readonly SessionValidation[], pairs: number): void {
  expect(results).toHaveLength(2 * pairs);
  for (const [index, { result }] of results.entries()) {
    if (index % 2 === 0) expect(result).toEqual(refusal);
    else expect(result?.$case).toBe('session');
  }
}
