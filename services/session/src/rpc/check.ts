import { isFailure } from '@gatehouse/failure';
import type { CheckRequest, CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { Encoded, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { CachedSession } from '../domain/cached-session.ts';
import { sessionTokenOf } from '../domain/edge-request.ts';
import { parseToken, type SessionToken } from '../domain/session-token.ts';
import { type EdgeRequest, toEdgeRequest } from '../wire/check-request.ts';
import { toCheckResponse } from '../wire/check-response.ts';
import { permits } from '../wire/permit.ts';
import { fromReply } from '../wire/session.ts';

/**
 * Decides for Envoy whether an HTTP request may pass (envoy.service.auth.v3.Authorization). A bad session is an answer;
 * a store that does not answer is a gRPC error, on which Envoy closes (failure_mode_allow: false).
 */
export function check({
  validator,
  events,
  cookieName,
}: Pick<Deps, 'validator' | 'events' | 'cookieName'>): Handler<CheckRequest, CheckResponse> {
  const permit = permits(cookieName);
  const accept = ({ source, headers }: EdgeRequest, session: CachedSession): Encoded => {
    events.sessionAccepted(source, 'edge', () => fromReply(session.reply));
    return permit(session, headers);
  };
  const refuse = ({ source, origin }: EdgeRequest, error: unknown, token?: SessionToken): CheckResponse => {
    if (!isFailure(error) || error.kind !== 'unauthenticated') throw error;
    events.sessionRefused(source, 'edge', error.reason, token?.sessionId, origin);
    return toCheckResponse({ allowed: false, failure: error });
  };
  return (message, call) => {
    const request = toEdgeRequest(message, call);
    let token: SessionToken | undefined;
    try {
      token = parseToken(sessionTokenOf(request.headers, cookieName));
      const known = validator.peek(token);
      if (known) return accept(request, known);
      return validator.validate(token, 'bounded', call.signal).then(
        (session) => accept(request, session),
        (error: unknown) => refuse(request, error, token),
      );
    } catch (error) {
      return refuse(request, error, token);
    }
  };
}
