import type { OpsServiceService } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import { type Access, peers } from '@gatehouse/rpc';

const { anyApp, anyOperator } = peers;

/** Which peer may call which RPC, outright or for an end user who holds the permission. What is not named is refused. */
export const access = {
  startBackup: { peers: [anyOperator], acting: { peers: [anyApp], permission: 'backups:create' } },
  getBackup: { peers: [anyOperator], acting: { peers: [anyApp], permission: 'backups:get' } },
  startRestoreDrill: { peers: [anyOperator], acting: { peers: [anyApp], permission: 'restore_drills:create' } },
  getRestoreDrill: { peers: [anyOperator], acting: { peers: [anyApp], permission: 'restore_drills:get' } },
} satisfies Access<typeof OpsServiceService>;
