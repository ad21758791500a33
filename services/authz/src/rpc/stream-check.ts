import type { StreamCheckRequest, StreamCheckResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Call, type Encoded, lookupGate, type SyncStreamHandler, timeLeft } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { Question } from '../domain/question.ts';
import { isOfOneQuestion } from '../domain/undecided.ts';
import type { Later } from '../store/decisions.ts';
import { toErrorReply, toReply } from '../wire/check-reply.ts';
import { toDemands, toQuestion } from '../wire/question.ts';

/** Lookups in Redis and Postgres that one stream has under way at once. */
const LOOKUPS_MAX = 64;
/** How long the answer to one request may be waited for, and with it those behind it. Milliseconds. */
const LOOKUP_MS_MAX = 5_000;

/** Checks permissions as they come. What memory can decide is answered in the step in which it is asked. */
export function streamCheck({
  decisions,
  events,
}: Pick<Deps, 'decisions' | 'events'>): SyncStreamHandler<StreamCheckRequest, StreamCheckResponse> {
  const refuse = (error: unknown): Encoded => {
    if (!isOfOneQuestion(error)) throw error;
    return toErrorReply(error);
  };
  return {
    open(call: Call) {
      const gate = lookupGate(LOOKUPS_MAX);
      // A stream waits for one turn of the event loop at a time, however much it has asked.
      const turns = lookupGate(1);
      const findOut = async (question: Question, later: Later | undefined): Promise<Encoded> => {
        const { signal, end } = timeLeft(call, LOOKUP_MS_MAX);
        try {
          const verdict = await (later
            ? turns.run(() => later(signal))
            : gate.run(() => decisions.decide(question, signal)));
          events.permissionChecked(call, question, verdict.isAllowed);
          return toReply(verdict);
        } catch (error) {
          call.signal.throwIfAborted();
          return refuse(error);
        } finally {
          end();
        }
      };
      return {
        message({ item, consistency }) {
          if (!item) throw new Error('The limits let a question without an item pass.');
          try {
            const question = toQuestion(item, toDemands(consistency)(item.userId), decisions.nowMs());
            const known = decisions.peek(question);
            if (!known || typeof known === 'function') return findOut(question, known);
            events.permissionChecked(call, question, known.isAllowed);
            return toReply(known);
          } catch (error) {
            return refuse(error);
          }
        },
      };
    },
  };
}
