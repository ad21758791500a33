import { isFailure } from '@gatehouse/failure';
import { permitsWith, type Runtime } from '@gatehouse/mesh';
import { AuthzServiceService, type Consistency, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Acting, CallContext } from '@gatehouse/rpc';

/** Whether somebody who passes the edge may do something. */
export interface EdgeQuestion {
  readonly userId: string;
  readonly permission: string;
  /** Path of the resource; empty: none. */
  readonly resource: string;
  /** The newest token that authz has given for the user; empty: none. */
  readonly authzToken: string;
  /** For conditions. */
  readonly ipAddress: string | undefined;
  readonly authenticationLevel: number;
}

/** Whether a user holds a permission; what the user has done is seen at once, anything else within authz's bound. */
export type HoldsPermission = (question: EdgeQuestion, context: CallContext) => Promise<boolean>;

/** What is asked of the authz service. */
export interface Authz {
  /** Whether an acting user holds a permission, from the database. */
  readonly permits: Acting['permits'];
  /** The same for a request that passes the edge, as fast as can be. */
  readonly holdsPermission: HoldsPermission;
}

const MINIMIZE_LATENCY: Consistency = { requirement: { $case: 'minimizeLatency', value: true } };
const FULLY_CONSISTENT: Consistency = { requirement: { $case: 'fullyConsistent', value: true } };

/** Opens a client of authz; the runtime closes it. */
export function openAuthz(runtime: Runtime, address: string): Authz {
  const client = runtime.peer('authz', AuthzServiceService, address);
  return {
    permits: permitsWith(client),
    async holdsPermission(question, { deadlineMs, requestId, trace, signal }) {
      const check = async (consistency: Consistency) => {
        const request = { ...toRequest(question), consistency };
        const { decision } = await client.check(request, { deadlineMs, requestId, trace, signal });
        return decision === Decision.DECISION_ALLOWED;
      };
      try {
        return await check(demandOf(question.authzToken));
      } catch (error) {
        if (!isFailure(error) || error.reason !== 'CONSISTENCY_TOKEN_INVALID') throw error;
        // Authz was restored to a time before the token. Nobody is to be kept out by that until the session ends.
        return check(FULLY_CONSISTENT);
      }
    },
  };
}

function demandOf(authzToken: string): Consistency {
  return authzToken === '' ? MINIMIZE_LATENCY : { requirement: { $case: 'atLeastAsFresh', value: authzToken } };
}

function toRequest({ userId, permission, resource, ipAddress = '', authenticationLevel }: EdgeQuestion) {
  const context = { ip: ipAddress, authenticationLevel, resourceAttributes: undefined, attributes: undefined };
  return { userId, permission, resource, context };
}
