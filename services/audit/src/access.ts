import type { AuditServiceService } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { type Access, peers } from '@gatehouse/rpc';

const { identity, session, authz, ops, anyApp, anyOperator } = peers;

/** Which peer may call which RPC. What is not named is refused. */
export const access = {
  recordEvents: { peers: [identity, session, authz, ops] },
  listEvents: { peers: [anyOperator], acting: { peers: [anyApp], permission: 'events:list' } },
} satisfies Access<typeof AuditServiceService>;
