import type { BatchCheckRequest, BatchCheckResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Encoded, type Handler, toBatchReply } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { decideAll } from '../edge/decide-all.ts';
import { toErrorReply, toReply } from '../wire/check-reply.ts';
import { toDemands, toQuestion } from '../wire/question.ts';

/** Checks many permissions. Those that this instance's memory can decide are answered in one synchronous step. */
export function batchCheck(deps: Pick<Deps, 'decisions' | 'events'>): Handler<BatchCheckRequest, BatchCheckResponse> {
  const decide = decideAll<Encoded>(deps, { of: toReply, ofError: toErrorReply });
  return ({ items, consistency }, call) => {
    const demandOf = toDemands(consistency);
    const nowMs = deps.decisions.nowMs();
    const results = decide(
      items.map((item) => toQuestion(item, demandOf(item.userId), nowMs)),
      call,
    );
    return results instanceof Promise ? results.then(toBatchReply) : toBatchReply(results);
  };
}
