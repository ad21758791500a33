import type { AuditServiceService } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { Handlers } from '@gatehouse/rpc';
import type { Deps } from './deps.ts';
import { listEvents } from './rpc/list-events.ts';
import { recordEvents } from './rpc/record-events.ts';

/** The audit service: one line for each RPC in audit.proto. */
export function auditService(deps: Deps): Handlers<typeof AuditServiceService> {
  return {
    recordEvents: recordEvents(deps),
    listEvents: listEvents(deps),
  };
}
