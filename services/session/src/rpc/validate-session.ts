import { isFailure } from '@gatehouse/failure';
import {
  Freshness,
  type ValidateSessionRequest,
  type ValidateSessionResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Call, Encoded, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { CachedSession } from '../domain/cached-session.ts';
import { parseToken, type SessionToken } from '../domain/session-token.ts';
import { fromReply } from '../wire/session.ts';

/** Validates a token. What this instance holds in memory is answered in one synchronous step, with bytes kept ready. */
export function validateSession({
  validator,
  events,
}: Pick<Deps, 'validator' | 'events'>): Handler<ValidateSessionRequest, ValidateSessionResponse> {
  const accept = (call: Call, { reply }: CachedSession): Encoded => {
    events.sessionAccepted(call, 'service', () => fromReply(reply));
    return reply;
  };
  const refuse = (call: Call, error: unknown, token?: SessionToken): never => {
    if (isFailure(error) && error.kind === 'unauthenticated') {
      events.sessionRefused(call, 'service', error.reason, token?.sessionId);
    }
    throw error;
  };
  return ({ sessionToken, freshness }, call) => {
    let token: SessionToken | undefined;
    try {
      token = parseToken(sessionToken);
      const strict = freshness === Freshness.FRESHNESS_STRICT;
      const known = strict ? undefined : validator.peek(token);
      if (known) return accept(call, known);
      return validator.validate(token, strict ? 'strict' : 'bounded', call.signal).then(
        (session) => accept(call, session),
        (error: unknown) => refuse(call, error, token),
      );
    } catch (error) {
      return refuse(call, error, token);
    }
  };
}
