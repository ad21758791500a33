import type {
  RevokeOtherSessionsRequest,
  RevokeOtherSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatConsistencyToken } from '../domain/consistency.ts';
import { parseToken } from '../domain/session-token.ts';
import { revokeSessionsOf } from '../store/user-revocations.ts';
import { toRevokedReason } from '../wire/revoked-reason.ts';

/** Ends all sessions of the token's user but its own. Of two sessions that do so at once, one stays. */
export function revokeOtherSessions(
  deps: Pick<Deps, 'db' | 'writes' | 'clock' | 'events' | 'validator' | 'presence'>,
): Handler<RevokeOtherSessionsRequest, RevokeOtherSessionsResponse> {
  return async (request, call) => {
    const reason = toRevokedReason(request.reason);
    const token = parseToken(request.sessionToken);
    const { signal, peer } = call;
    const options = { freshness: 'strict', demand: 'nothing', signal, peer: peer.name } as const;
    const { sessionId: keep, userId } = await deps.validator.validate(token, options);
    const consistencyToken = formatConsistencyToken({ of: 'user', userId });
    const replyOf = (revokedCount: number) => ({ revokedCount, consistencyToken });
    return revokeSessionsOf(deps, { userId, keep, reason, call, request, byUser: userId }, replyOf);
  };
}
