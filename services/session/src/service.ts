import type { AuthorizationService } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { Handlers } from '@gatehouse/rpc';
import type { Deps } from './deps.ts';
import { advanceAuthzTokens } from './rpc/advance-authz-tokens.ts';
import { batchValidateSessions } from './rpc/batch-validate-sessions.ts';
import { check } from './rpc/check.ts';
import { createSession } from './rpc/create-session.ts';
import { elevateSession } from './rpc/elevate-session.ts';
import { extendSession } from './rpc/extend-session.ts';
import { getJsonWebKeySet } from './rpc/get-json-web-key-set.ts';
import { getPresence } from './rpc/get-presence.ts';
import { introspectToken } from './rpc/introspect-token.ts';
import { issueAccessToken } from './rpc/issue-access-token.ts';
import { listOnlineUsers } from './rpc/list-online-users.ts';
import { listSessions } from './rpc/list-sessions.ts';
import { listSigningKeys } from './rpc/list-signing-keys.ts';
import { refreshSession } from './rpc/refresh-session.ts';
import { revokeFoundSessions } from './rpc/revoke-found-sessions.ts';
import { revokeOtherSessions } from './rpc/revoke-other-sessions.ts';
import { revokeSession } from './rpc/revoke-session.ts';
import { revokeSigningKey } from './rpc/revoke-signing-key.ts';
import { revokeUserSessions } from './rpc/revoke-user-sessions.ts';
import { rotateSigningKey } from './rpc/rotate-signing-key.ts';
import { searchSessions } from './rpc/search-sessions.ts';
import { streamValidateSessions } from './rpc/stream-validate-sessions.ts';
import { validateSession } from './rpc/validate-session.ts';
import { watchSessions } from './rpc/watch-sessions.ts';

/** The session service: one line for each RPC in session.proto. */
export function sessionService(deps: Deps): Handlers<typeof SessionServiceService> {
  return {
    createSession: createSession(deps),
    validateSession: validateSession(deps),
    batchValidateSessions: batchValidateSessions(deps),
    streamValidateSessions: streamValidateSessions(deps),
    watchSessions: watchSessions(deps),
    elevateSession: elevateSession(deps),
    extendSession: extendSession(deps),
    listSessions: listSessions(deps),
    revokeSession: revokeSession(deps),
    revokeOtherSessions: revokeOtherSessions(deps),
    revokeUserSessions: revokeUserSessions(deps),
    searchSessions: searchSessions(deps),
    revokeFoundSessions: revokeFoundSessions(deps),
    getPresence: getPresence(deps),
    listOnlineUsers: listOnlineUsers(deps),
    advanceAuthzTokens: advanceAuthzTokens(deps),
  };
}

/** Tokens that are made from a session: one line for each RPC in token.proto. */
export function tokenService(deps: Deps): Handlers<typeof TokenServiceService> {
  return {
    refreshSession: refreshSession(deps),
    issueAccessToken: issueAccessToken(deps),
    introspectToken: introspectToken(deps),
    getJsonWebKeySet: getJsonWebKeySet(deps),
    listSigningKeys: listSigningKeys(deps),
    rotateSigningKey: rotateSigningKey(deps),
    revokeSigningKey: revokeSigningKey(deps),
  };
}

/** What Envoy asks: envoy.service.auth.v3.Authorization. */
export function edgeService(deps: Deps): Handlers<typeof AuthorizationService> {
  return {
    check: check(deps),
  };
}
