import type { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Access, peers } from '@gatehouse/rpc';

const { identity, session, audit, ops, anyApp, anyEdge, anyOperator } = peers;

/** Which peer may call which RPC. What is not named is refused. */
export const access = {
  check: { peers: [anyApp, anyEdge, anyOperator, identity, session, audit, ops] },
  batchCheck: { peers: [anyApp, anyEdge, anyOperator, identity, session, audit, ops] },
  streamCheck: { peers: [anyApp, anyEdge, anyOperator, identity, session, audit, ops] },
  createPermission: { peers: [anyOperator], acting: { peers: [anyApp], permission: 'permissions:create' } },
  createRole: { peers: [anyOperator], acting: { peers: [anyApp], permission: 'roles:create' } },
  grantRole: { peers: [anyOperator], acting: { peers: [anyApp], permission: 'grants:create' } },
  revokeRole: { peers: [anyOperator], acting: { peers: [anyApp], permission: 'grants:revoke' } },
} satisfies Access<typeof AuthzServiceService>;
