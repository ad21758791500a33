export type { CertificateOptions } from './channel/certificates.ts';
export type { CallOptions, TlsOptions } from './channel/open-channel.ts';
export type { ServerAddress } from './channel/target.ts';
export { connectGatehouse, type GatehouseClient, type GatehouseOptions } from './connect-gatehouse.ts';
export { type FieldViolation, GatehouseError, type GatehouseErrorCode, isRefusal } from './gatehouse-error.ts';
export { type GrpcSessionOptions, grpcSessionInterceptor } from './grpc/grpc-session-interceptor.ts';
export type { GuardOptions, SessionsClient } from './guard/judge-session.ts';
export { requireSession, sessionOf } from './guard/session-of.ts';
export type { HttpRequest } from './http/credential.ts';
export type { CsrfOptions } from './http/csrf.ts';
export { type ExpressMiddleware, expressSession } from './http/express-session.ts';
export { type FastifySessionPlugin, fastifySession } from './http/fastify-session.ts';
export type { HttpGuardOptions } from './http/http-guard.ts';
export { clearSessionCookie, SESSION_COOKIE, type SessionCookieOptions, sessionCookie } from './http/session-cookie.ts';
export { sessionTokenOf } from './http/session-token-of.ts';
export type { PermissionCacheOptions } from './permissions/permission-cache-options.ts';
export type { PermissionContext, PermissionQuestion } from './permissions/permission-question.ts';
export type { CheckOptions, PeekOptions, PermissionStatistics, Permissions } from './permissions/permissions.ts';
export type { Verdict } from './policy/index.ts';
export type { Sessions } from './sessions/open-sessions.ts';
export type { CacheOptions, SessionStatistics, ValidateOptions } from './sessions/open-validator.ts';
export type { GivenReason, RevokedReason } from './sessions/revoked-reason.ts';
export type { Origin, SessionInfo } from './sessions/session-info.ts';
export type {
  Elevation,
  IssuedSession,
  NewSession,
  PageRequest,
  Presence,
  PresencePage,
  RevokedSessions,
  SessionPage,
  SessionRequests,
  SessionSearch,
  SessionsOfUser,
} from './sessions/session-requests.ts';
export type { ValidatedSession } from './sessions/validated-session.ts';
export { type AccessTokens, type AccessTokensOptions, createAccessTokens } from './tokens/create-access-tokens.ts';
export type { KeySourceOptions } from './tokens/key-source.ts';
export type {
  Introspection,
  IssuedAccessToken,
  KeySet,
  RefreshedSession,
  Tokens,
  TokenType,
} from './tokens/open-tokens.ts';
export {
  type AccessTokenClaims,
  AccessTokenError,
  type AccessTokenReason,
  type AccessTokenVerifier,
  type AccessTokenVerifierOptions,
  createAccessTokenVerifier,
  type PublicKey,
} from './verify/index.ts';
