import { isFailure } from '@gatehouse/failure';
import type { IssueAccessTokenRequest, IssueAccessTokenResponse } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { parseToken, type SessionToken } from '../domain/session-token.ts';
import { isRefusal } from '../store/validate.ts';

/** Issues an access token for a session. It is judged strictly, because the token outlives what is known now. */
export function issueAccessToken({
  validator,
  accessTokens,
  events,
  clock,
}: Pick<Deps, 'validator' | 'accessTokens' | 'events' | 'clock'>): Handler<
  IssueAccessTokenRequest,
  IssueAccessTokenResponse
> {
  return async (request, call) => {
    const audience = accessTokens.audience(request.audience);
    let token: SessionToken | undefined;
    try {
      token = parseToken(request.sessionToken);
      const { signal, peer } = call;
      const options = { freshness: 'strict', demand: 'nothing', signal, peer: peer.name } as const;
      const session = await validator.validate(token, options);
      const issued = await accessTokens.issue(session, audience, clock.now().getTime());
      events.sessionAccepted(call, 'service', session);
      return { accessToken: issued.token, expiresAt: issued.expiresAt };
    } catch (error) {
      if (isFailure(error) && isRefusal(error)) {
        events.sessionRefused(call, 'service', error.reason, token?.sessionId);
      }
      throw error;
    }
  };
}
