import { isFailure } from '@gatehouse/failure';
import {
  Freshness,
  type ValidateSessionRequest,
  type ValidateSessionResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Call, Encoded, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { CachedSession } from '../domain/cached-session.ts';
import { parseConsistencyToken } from '../domain/consistency.ts';
import { parseToken, type SessionToken } from '../domain/session-token.ts';
import { replyOf } from '../wire/session.ts';

/** Validates a token. What this instance holds in memory is answered in one synchronous step, with bytes kept ready. */
export function validateSession({
  validator,
  events,
}: Pick<Deps, 'validator' | 'events'>): Handler<ValidateSessionRequest, ValidateSessionResponse> {
  const accept = (call: Call, session: CachedSession): Encoded => {
    events.sessionAccepted(call, 'service', session);
    return replyOf(session);
  };
  const refuse = (call: Call, error: unknown, token?: SessionToken): never => {
    if (isFailure(error) && error.kind === 'unauthenticated') {
      events.sessionRefused(call, 'service', error.reason, token?.sessionId);
    }
    throw error;
  };
  return ({ sessionToken, freshness, consistencyToken }, call) => {
    let token: SessionToken | undefined;
    try {
      token = parseToken(sessionToken);
      const demand = parseConsistencyToken(consistencyToken)(token.sessionId);
      const strict = freshness === Freshness.FRESHNESS_STRICT;
      const known = strict ? undefined : validator.peek(token, demand);
      if (known) return accept(call, known);
      const { signal, peer } = call;
      const options = { freshness: strict ? 'strict' : 'bounded', demand, signal, peer: peer.name } as const;
      return validator.validate(token, options).then(
        (session) => accept(call, session),
        (error: unknown) => refuse(call, error, token),
      );
    } catch (error) {
      return refuse(call, error, token);
    }
  };
}
