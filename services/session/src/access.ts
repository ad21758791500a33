import type { AuthorizationService } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { type Access, peers } from '@gatehouse/rpc';

const { identity, authz, audit, ops, anyApp, anyEdge, anyOperator } = peers;

const readers = [identity, authz, audit, ops, anyApp, anyEdge, anyOperator];
const withPermission = (permission: string) => ({ peers: [anyOperator], acting: { peers: [anyApp], permission } });

/** Which peer may call which RPC. What is not named is refused. */
export const access = {
  createSession: { peers: [identity, anyOperator] },
  validateSession: { peers: readers },
  batchValidateSessions: { peers: readers },
  streamValidateSessions: { peers: readers },
  watchSessions: { peers: readers },
  elevateSession: { peers: [identity, anyOperator] },
  extendSession: { peers: [identity, anyApp, anyOperator] },
  // Whose sessions it shows or ends for whom, the RPC decides: it depends on the user.
  listSessions: { peers: [identity, anyApp, anyOperator] },
  revokeSession: { peers: [identity, anyApp, anyOperator] },
  revokeOtherSessions: { peers: [identity, anyApp, anyOperator] },
  revokeUserSessions: { peers: [identity, anyApp, anyOperator] },
  searchSessions: withPermission('sessions:read'),
  revokeFoundSessions: withPermission('sessions:revoke'),
  getPresence: { peers: [identity, anyApp, anyOperator] },
  listOnlineUsers: withPermission('sessions:read'),
  advanceAuthzTokens: { peers: [authz] },
} satisfies Access<typeof SessionServiceService>;

export const tokenAccess = {
  refreshSession: { peers: [identity, anyApp, anyOperator] },
  issueAccessToken: { peers: [identity, anyApp, anyEdge, anyOperator] },
  introspectToken: { peers: readers },
  getJsonWebKeySet: { peers: readers },
  listSigningKeys: withPermission('signing_keys:read'),
  rotateSigningKey: withPermission('signing_keys:rotate'),
  revokeSigningKey: withPermission('signing_keys:revoke'),
} satisfies Access<typeof TokenServiceService>;

export const edgeAccess = {
  check: { peers: [anyEdge, anyOperator] },
} satisfies Access<typeof AuthorizationService>;
