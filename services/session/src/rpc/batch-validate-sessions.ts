import {
  type BatchValidateSessionsRequest,
  type BatchValidateSessionsResponse,
  Freshness,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Call, type Encoded, type Handler, lookupGate, timeLeft, toBatchReply } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { CachedSession } from '../domain/cached-session.ts';
import { type Demand, parseConsistencyToken } from '../domain/consistency.ts';
import { parseToken, type SessionToken } from '../domain/session-token.ts';
import { replyOf } from '../wire/session.ts';
import { isResult, isUndecided, toRefusal } from '../wire/validation.ts';

/** Lookups in Redis and Postgres that one batch has under way at once. */
const LOOKUPS_MAX = 64;

/** A token that memory can't judge, and the places in the answer that wait for it. */
interface Question {
  readonly token: SessionToken;
  readonly demand: Demand;
  readonly places: number[];
}

/** Validates many tokens. Those that this instance holds in memory are answered in one synchronous step, as one buffer. */
export function batchValidateSessions({
  validator,
  events,
}: Pick<Deps, 'validator' | 'events'>): Handler<BatchValidateSessionsRequest, BatchValidateSessionsResponse> {
  const refuse = (call: Call, error: unknown, token?: SessionToken): Encoded => {
    if (!isResult(error)) throw error;
    if (isUndecided(error)) events.sessionUndecided('service', error.reason);
    else events.sessionRefused(call, 'service', error.reason, token?.sessionId);
    return toRefusal(error);
  };
  const lookUp = async (
    questions: ReadonlyMap<string, Question>,
    freshness: 'bounded' | 'strict',
    results: (Encoded | undefined)[],
    call: Call,
  ): Promise<Encoded> => {
    const { signal, end } = timeLeft(call);
    const peer = call.peer.name;
    const gate = lookupGate(LOOKUPS_MAX);
    const accepted: CachedSession[] = [];
    const ask = async ({ token, demand, places }: Question) => {
      let result: Encoded;
      try {
        const session = await gate.run(() => validator.validate(token, { freshness, demand, signal, peer }));
        result = replyOf(session);
        for (const _ of places) accepted.push(session);
      } catch (error) {
        call.signal.throwIfAborted();
        result = refuse(call, error, token);
      }
      for (const place of places) results[place] = result;
    };
    try {
      await Promise.all([...questions.values()].map(ask));
    } finally {
      end();
    }
    events.sessionsAccepted(call, 'service', accepted);
    return toBatchReply(results);
  };
  return ({ sessionTokens, freshness, consistencyToken }, call) => {
    const demandOf = parseConsistencyToken(consistencyToken);
    const isStrict = freshness === Freshness.FRESHNESS_STRICT;
    const results: (Encoded | undefined)[] = [];
    const accepted: CachedSession[] = [];
    let questions: Map<string, Question> | undefined;
    for (const text of sessionTokens) {
      let token: SessionToken | undefined;
      try {
        token = parseToken(text);
        const demand = demandOf(token.sessionId);
        const known = isStrict ? undefined : validator.peek(token, demand);
        if (known) {
          accepted.push(known);
          results.push(replyOf(known));
          continue;
        }
        questions ??= new Map();
        const asked = questions.get(text);
        if (asked) asked.places.push(results.length);
        else questions.set(text, { token, demand, places: [results.length] });
        results.push(undefined);
      } catch (error) {
        results.push(refuse(call, error, token));
      }
    }
    events.sessionsAccepted(call, 'service', accepted);
    if (!questions) return toBatchReply(results);
    return lookUp(questions, isStrict ? 'strict' : 'bounded', results, call);
  };
}
