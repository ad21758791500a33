import { type AccessTokenClaims, AccessTokenError, createAccessTokenVerifier } from '@gatehouse/client/verify';
import { type Clock, Counter, type Registry, uuidv7 } from '@gatehouse/process';
import {
  type AccessTokenTerms,
  allowedAudience,
  claimsOf,
  type Signer,
  signToken,
  type TokenSubject,
  tokenTimes,
} from '../domain/access-token.ts';
import type { SigningKeys } from './key-set.ts';

/** Access tokens of sessions: issued, kept for as long as they are worth it, and verified. */
export interface AccessTokens {
  /** Whom a token will be for: `asked`, or the default where that is empty. Throws Failure `invalid` AUDIENCE_NOT_ALLOWED. */
  audience(asked: string): string;
  /**
   * A token of the session for an audience that `audience` has allowed, in one synchronous step: one that is kept, or a new
   * one. Undefined when this instance does not know for sure at this moment which key signs; then call `issue`. Throws as
   * `issue` does. For hot paths: pass the object that the session cache gave, because what is kept is kept by it.
   */
  peek(session: TokenSubject, audience: string, nowMs: number): string | undefined;
  /**
   * A token of the session, kept or new. Throws Failure `unauthenticated` SESSION_EXPIRED when the session ends within
   * the second, `unavailable` when no key can be had.
   */
  issue(session: TokenSubject, audience: string, nowMs: number): Promise<IssuedAccessToken>;
  /**
   * What a token says that this service has issued, for whichever of its audiences. Throws AccessTokenError. Whether its
   * session is still good, it does not know.
   */
  verify(token: string): Promise<AccessTokenClaims>;
}

/** A token and when it ends. */
export interface IssuedAccessToken {
  readonly token: string;
  readonly expiresAt: Date;
}

interface Kept extends IssuedAccessToken {
  readonly kid: string;
  /** From then on a new one is issued, so that whoever gets a token has at least half of its life before them. */
  readonly staleAtMs: number;
}

export interface AccessTokensOptions {
  readonly keys: Pick<SigningKeys, 'peekSigner' | 'signer' | 'holds' | 'publicKey'>;
  readonly terms: AccessTokenTerms;
  readonly clock: Clock;
  readonly registry: Registry;
}

/** Issues and verifies access tokens with the keys of this service. */
export function accessTokens({ keys, terms, clock, registry }: AccessTokensOptions): AccessTokens {
  const { issuer, audiences, lifetimeSeconds } = terms;
  const signed = new Counter({
    name: 'session_access_tokens_signed_total',
    help: 'Access tokens that were signed; one is given out again for the first half of its life.',
    registers: [registry],
  });
  const verifier = createAccessTokenVerifier({
    issuer,
    audience: audiences,
    keys: (kid) => keys.publicKey(kid),
    now: () => clock.now(),
  });
  /** By session and audience: one for each audience of the configuration, and gone with the session's own object. */
  const kept = new WeakMap<TokenSubject, Map<string, Kept>>();

  const recall = (session: TokenSubject, audience: string, nowMs: number, signer: Signer): Kept | undefined => {
    const known = kept.get(session)?.get(audience);
    if (!known || nowMs >= known.staleAtMs) return undefined;
    return known.kid === signer.kid || keys.holds(known.kid) ? known : undefined;
  };
  const make = (session: TokenSubject, aud: string, nowMs: number, signer: Signer): Kept => {
    const { iat, exp } = tokenTimes(session, lifetimeSeconds, nowMs);
    const claims = claimsOf(session, { iss: issuer, aud, jti: uuidv7(), iat, exp });
    const token = {
      token: signToken(claims, signer),
      expiresAt: new Date(exp * 1000),
      kid: signer.kid,
      staleAtMs: ((iat + exp) / 2) * 1000,
    };
    signed.inc();
    const ofSession = kept.get(session) ?? new Map<string, Kept>();
    kept.set(session, ofSession.set(aud, token));
    return token;
  };

  return {
    audience: (asked) => allowedAudience(asked, audiences),
    peek(session, audience, nowMs) {
      const signer = keys.peekSigner(nowMs);
      if (!signer) return undefined;
      return (recall(session, audience, nowMs, signer) ?? make(session, audience, nowMs, signer)).token;
    },
    async issue(session, audience, nowMs) {
      const signer = keys.peekSigner(nowMs) ?? (await keys.signer(nowMs));
      const { token, expiresAt } = recall(session, audience, nowMs, signer) ?? make(session, audience, nowMs, signer);
      return { token, expiresAt };
    },
    async verify(token) {
      const claims = await verifier.verify(token);
      // Who has issued it needs no tolerance to know that it is over.
      if (clock.now().getTime() >= claims.exp * 1000) throw new AccessTokenError('ACCESS_TOKEN_EXPIRED');
      return claims;
    },
  };
}
