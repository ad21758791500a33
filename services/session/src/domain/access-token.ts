import { type KeyObject, sign } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import type { SessionRecord } from './cached-session.ts';
import { sessionExpired } from './session.ts';
import { ALGORITHM } from './signing-key.ts';

/** What an access token says of its session. */
export type TokenSubject = Pick<
  SessionRecord,
  'sessionId' | 'userId' | 'createdAtMs' | 'expiresAtMs' | 'authenticationLevel' | 'authenticationMethods'
>;

/** What the configuration says of access tokens. */
export interface AccessTokenTerms {
  readonly issuer: string;
  /** Whom tokens may be for; the first when nobody is asked for. */
  readonly audiences: readonly string[];
  readonly lifetimeSeconds: number;
}

/** A key that signs: its id and its private half. */
export interface Signer {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** When a token begins and ends. Unix seconds. */
export interface TokenTimes {
  readonly iat: number;
  readonly exp: number;
}

/**
 * When a token that is issued now begins and ends: never after its session. Throws Failure `unauthenticated`
 * SESSION_EXPIRED in the last second of a session, because the times of a token are whole seconds.
 */
export function tokenTimes({ expiresAtMs }: TokenSubject, lifetimeSeconds: number, nowMs: number): TokenTimes {
  const iat = Math.floor(nowMs / 1000);
  const exp = Math.min(iat + lifetimeSeconds, Math.floor(expiresAtMs / 1000));
  if (exp <= iat) throw sessionExpired();
  return { iat, exp };
}

/** The claims of a token (RFC 9068, section 2.2). */
export function claimsOf(
  session: TokenSubject,
  { iss, aud, jti, iat, exp }: { readonly iss: string; readonly aud: string; readonly jti: string } & TokenTimes,
) {
  return {
    iss,
    sub: session.userId,
    aud,
    exp,
    iat,
    nbf: iat,
    jti,
    sid: session.sessionId,
    auth_time: Math.floor(session.createdAtMs / 1000),
    amr: session.authenticationMethods,
    acr: String(session.authenticationLevel),
  };
}

/** Signs claims as a JWS in its compact form (RFC 7515, section 3.1). */
export function signToken(claims: object, { kid, privateKey }: Signer): string {
  const input = `${encode({ alg: ALGORITHM, typ: 'at+jwt', kid })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** Whom a token is for: who was asked for, or the first. Throws Failure `invalid` AUDIENCE_NOT_ALLOWED. */
export function allowedAudience(asked: string, [first = '', ...others]: readonly string[]): string {
  if (asked === '' || asked === first) return first;
  if (others.includes(asked)) return asked;
  throw new Failure('invalid', 'AUDIENCE_NOT_ALLOWED', 'The service issues no access tokens for this audience.', {
    fields: [{ field: 'audience', description: 'is none of the audiences that are allowed' }],
  });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
