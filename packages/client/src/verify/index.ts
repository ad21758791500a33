export type { AccessTokenClaims } from './access-token-claims.ts';
export { ACCESS_TOKEN_LIFETIME_MAX_SECONDS } from './access-token-claims.ts';
export { AccessTokenError, type AccessTokenReason } from './access-token-error.ts';
export {
  type AccessTokenVerifier,
  type AccessTokenVerifierOptions,
  CLOCK_TOLERANCE_MAX_SECONDS,
  createAccessTokenVerifier,
  type PublicKey,
} from './access-token-verifier.ts';
export { type NamedKey, publicKeyOf } from './public-key.ts';
