import { permitsWith, type Runtime } from '@gatehouse/mesh';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Acting, CallContext } from '@gatehouse/rpc';

/** Whether a user holds a permission; a change is seen within the staleness bound that authz exports. */
export type HoldsPermission = (userId: string, permission: string, context: CallContext) => Promise<boolean>;

/** What is asked of the authz service. */
export interface Authz {
  /** Whether an acting user holds a permission, from the database. */
  readonly permits: Acting['permits'];
  /** The same for a request that passes the edge, as fast as can be. */
  readonly holdsPermission: HoldsPermission;
}

const MINIMIZE_LATENCY = { requirement: { $case: 'minimizeLatency' as const, value: true } };

/** Opens a client of authz; the runtime closes it. */
export function openAuthz(runtime: Runtime, address: string): Authz {
  const client = runtime.peer('authz', AuthzServiceService, address);
  return {
    permits: permitsWith(client),
    async holdsPermission(userId, permission, { deadlineMs, requestId, trace, signal }) {
      const request = { userId, permission, consistency: MINIMIZE_LATENCY, resource: '', context: undefined };
      const { decision } = await client.check(request, { deadlineMs, requestId, trace, signal });
      return decision === Decision.DECISION_ALLOWED;
    },
  };
}
