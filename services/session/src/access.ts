import type { AuthorizationService } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Access, peers } from '@gatehouse/rpc';

const { identity, authz, audit, ops, anyApp, anyEdge, anyOperator } = peers;

/** Which peer may call which RPC. What is not named is refused. */
export const access = {
  createSession: { peers: [identity, anyOperator] },
  validateSession: { peers: [identity, authz, audit, ops, anyApp, anyEdge, anyOperator] },
  // Whom it lets end which session, the RPC decides: it depends on the session.
  revokeSession: { peers: [identity, anyApp, anyOperator] },
} satisfies Access<typeof SessionServiceService>;

export const edgeAccess = {
  check: { peers: [anyEdge, anyOperator] },
} satisfies Access<typeof AuthorizationService>;
