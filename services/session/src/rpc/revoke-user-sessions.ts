import type {
  RevokeUserSessionsRequest,
  RevokeUserSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatConsistencyToken } from '../domain/consistency.ts';
import { mayAdminister } from '../peers/acting.ts';
import { revokeSessionsOf } from '../store/user-revocations.ts';
import { toRevokedReason } from '../wire/revoked-reason.ts';

/** What a user needs to end the sessions of others. */
const PERMISSION = 'sessions:revoke';

/** Ends all sessions of a user, the one by whose token it is asked for included. */
export function revokeUserSessions(
  deps: Pick<Deps, 'db' | 'writes' | 'clock' | 'events' | 'acting' | 'presence'>,
): Handler<RevokeUserSessionsRequest, RevokeUserSessionsResponse> {
  return async (request, call) => {
    const { userId } = request;
    const reason = toRevokedReason(request.reason);
    const byUser = await mayAdminister(deps.acting, call, { ownerId: userId, permission: PERMISSION });
    const consistencyToken = formatConsistencyToken({ of: 'user', userId });
    const replyOf = (revokedCount: number) => ({ revokedCount, consistencyToken });
    return revokeSessionsOf(deps, { userId, reason, call, request, byUser }, replyOf);
  };
}
