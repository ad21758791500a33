import type { Verdict } from '@gatehouse/client/policy';
import type { CheckRequest, CheckResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Call, Encoded, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { Question } from '../domain/question.ts';
import { toReply } from '../wire/check-reply.ts';
import { toDemands, toQuestion } from '../wire/question.ts';

/** Tells whether a user holds a permission: at once when this instance's memory is enough. */
export function check({ decisions, events }: Pick<Deps, 'decisions' | 'events'>): Handler<CheckRequest, CheckResponse> {
  const reply = (call: Call, question: Question, verdict: Verdict): Encoded => {
    events.permissionChecked(call, question, verdict.isAllowed);
    return toReply(verdict);
  };
  return (request, call) => {
    const question = toQuestion(request, toDemands(request.consistency)(request.userId), decisions.nowMs());
    const known = decisions.peek(question);
    if (known && typeof known !== 'function') return reply(call, question, known);
    const found = known ? known(call.signal) : decisions.decide(question, call.signal);
    return found.then((verdict) => reply(call, question, verdict));
  };
}
