import type { BatchCheckRequest, BatchCheckResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Call, type Encoded, type Handler, lookupGate, timeLeft, toBatchReply } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { Question } from '../store/decisions.ts';
import { isOfOneQuestion, toErrorReply, toReply } from '../wire/check-reply.ts';
import { toAsked, toDemands } from '../wire/question.ts';

/** Lookups in Redis and Postgres that one batch has under way at once. */
const LOOKUPS_MAX = 64;

/** An item that memory can't decide, and its place in the answer. */
interface Open {
  readonly question: Question;
  readonly place: number;
}

/** Checks many permissions. Those that this instance's memory can decide are answered in one synchronous step. */
export function batchCheck({
  decisions,
  events,
}: Pick<Deps, 'decisions' | 'events'>): Handler<BatchCheckRequest, BatchCheckResponse> {
  const decideOne = async ({ question }: Open, signal: AbortSignal, call: Call): Promise<Encoded> => {
    try {
      const verdict = await decisions.decide(question, signal);
      events.permissionChecked(call, question, verdict.isAllowed);
      return toReply(verdict);
    } catch (error) {
      call.signal.throwIfAborted();
      if (!isOfOneQuestion(error)) throw error;
      return toErrorReply(error);
    }
  };
  const lookUp = async (open: readonly Open[], results: (Encoded | undefined)[], call: Call): Promise<Encoded> => {
    const { signal, end } = timeLeft(call);
    const gate = lookupGate(LOOKUPS_MAX);
    try {
      await Promise.all(
        open.map(async (each) => {
          results[each.place] = await gate.run(() => decideOne(each, signal, call));
        }),
      );
    } finally {
      end();
    }
    return toBatchReply(results);
  };
  return ({ items, consistency }, call) => {
    const demandOf = toDemands(consistency);
    const results: (Encoded | undefined)[] = [];
    let open: Open[] | undefined;
    for (const item of items) {
      const question = { ...toAsked(item), demand: demandOf(item.userId) };
      const known = decisions.peek(question);
      if (known) {
        events.permissionChecked(call, question, known.isAllowed);
        results.push(toReply(known));
        continue;
      }
      open ??= [];
      open.push({ question, place: results.length });
      results.push(undefined);
    }
    return open ? lookUp(open, results, call) : toBatchReply(results);
  };
}
