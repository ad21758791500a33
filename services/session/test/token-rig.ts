import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { waitFor } from '@gatehouse/testing';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { startSession } from './harness.ts';

export const ISSUER = 'https://gatehouse.test';
export const AUDIENCES = ['shop', 'billing'] as const;

/** Settings under which tokens are tested. */
export const TOKEN_ENV = {
  GATEHOUSE_SESSION_ISSUER: ISSUER,
  GATEHOUSE_SESSION_AUDIENCES: AUDIENCES.join(','),
  GATEHOUSE_SESSION_ACCESS_TOKEN_SECONDS: '300',
  GATEHOUSE_SESSION_JWKS_MAX_AGE_SECONDS: '300',
};

/** The session service with clients of its TokenService. */
export async function startTokens(options: Parameters<typeof startSession>[0] = {}) {
  const rig = await startSession({ ...options, env: { ...TOKEN_ENV, ...options.env } });
  const app = rig.service.connectAs('app/test', TokenServiceService);
  const operator = rig.service.connectAs('operator/test', TokenServiceService);
  return {
    ...rig,
    tokens: app,
    keys: operator,
    issue: async (sessionToken: string, audience = '') =>
      (await app.issueAccessToken({ sessionToken, audience })).accessToken,
    introspect: (token: string) => app.introspectToken({ token, tokenTypeHint: 0 }),
    keySet: () => app.getJsonWebKeySet({}),
    list: async () => (await operator.listSigningKeys({})).signingKeys,
    /** The keys, once there are so many. */
    listed: (count: number) =>
      waitFor(async () => {
        const { signingKeys } = await operator.listSigningKeys({});
        return signingKeys.length === count ? signingKeys : undefined;
      }),
  };
}

export type StartedTokens = Awaited<ReturnType<typeof startTokens>>;

/** What a verifier elsewhere says of a token, which knows nothing but the key set. */
export async function verifyElsewhere(token: string, keySetJson: string, currentDate: Date) {
  const keys = createLocalJWKSet(JSON.parse(keySetJson));
  const { payload } = await jwtVerify(token, keys, {
    issuer: ISSUER,
    audience: [...AUDIENCES],
    typ: 'at+jwt',
    currentDate,
  });
  return payload;
}

/** The key that a token says it is signed with. */
export function kidOf(token: string): string | undefined {
  return decodeProtectedHeader(token).kid;
}
