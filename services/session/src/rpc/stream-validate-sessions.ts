import {
  Freshness,
  type StreamValidateSessionsRequest,
  type StreamValidateSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Call, type Encoded, lookupGate, type SyncStreamHandler, timeLeft } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { CachedSession } from '../domain/cached-session.ts';
import { parseConsistencyToken } from '../domain/consistency.ts';
import { parseToken, type SessionToken } from '../domain/session-token.ts';
import type { ValidateOptions } from '../store/validate.ts';
import { replyOf } from '../wire/session.ts';
import { isResult, isUndecided, toRefusal } from '../wire/validation.ts';

/** Lookups in Redis and Postgres that one stream has under way at once. */
const LOOKUPS_MAX = 64;
/** How long the answer to one request may take, and with it those behind it, while a store says nothing. Milliseconds. */
const LOOKUP_MS_MAX = 5_000;

/** Validates tokens as they come. What this instance holds in memory is answered in the step in which it is asked. */
export function streamValidateSessions({
  validator,
  events,
}: Pick<Deps, 'validator' | 'events'>): SyncStreamHandler<
  StreamValidateSessionsRequest,
  StreamValidateSessionsResponse
> {
  const accept = (call: Call, session: CachedSession): Encoded => {
    events.sessionAccepted(call, 'service', session);
    return replyOf(session);
  };
  const refuse = (call: Call, error: unknown, token?: SessionToken): Encoded => {
    if (!isResult(error)) throw error;
    if (isUndecided(error)) events.sessionUndecided('service', error.reason);
    else events.sessionRefused(call, 'service', error.reason, token?.sessionId);
    return toRefusal(error);
  };
  return {
    open(call) {
      const gate = lookupGate(LOOKUPS_MAX);
      const lookUp = async (
        token: SessionToken,
        options: Omit<ValidateOptions, 'signal' | 'peer'>,
      ): Promise<Encoded> => {
        const { signal, end } = timeLeft(call, LOOKUP_MS_MAX);
        try {
          return accept(
            call,
            await gate.run(() => validator.validate(token, { ...options, signal, peer: call.peer.name })),
          );
        } catch (error) {
          call.signal.throwIfAborted();
          return refuse(call, error, token);
        } finally {
          end();
        }
      };
      return {
        message({ sessionToken, freshness, consistencyToken }) {
          const demandOf = parseConsistencyToken(consistencyToken);
          let token: SessionToken | undefined;
          try {
            token = parseToken(sessionToken);
            const demand = demandOf(token.sessionId);
            const isStrict = freshness === Freshness.FRESHNESS_STRICT;
            const known = isStrict ? undefined : validator.peek(token, demand);
            if (known) return accept(call, known);
            return lookUp(token, { freshness: isStrict ? 'strict' : 'bounded', demand });
          } catch (error) {
            return refuse(call, error, token);
          }
        },
      };
    },
  };
}
