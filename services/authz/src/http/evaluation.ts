import type { HttpAnswer, JsonRequest, PostRoute } from '@gatehouse/http';
import type { AccessRule } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { demandsOf } from '../domain/consistency.ts';
import type { Asked } from '../domain/question.ts';
import { answering, BODY_BYTES_MAX, jsonAnswer } from './answers.ts';
import { decisionJson } from './decisions.ts';
import { readAction, readResource, readSubject } from './entities.ts';
import { readFacts } from './facts.ts';
import { HttpAsking } from './http-asking.ts';
import { type Members, openReading } from './reading.ts';
import { requirementOf } from './requirement.ts';

export const EVALUATION_PATH = '/access/v1/evaluation';

/** Access Evaluation (AuthZEN, section 6): Check over HTTP. */
export function evaluationRoute(deps: Pick<Deps, 'decisions' | 'events'>, access: AccessRule): PostRoute {
  return {
    name: 'evaluation',
    method: 'POST',
    access,
    bodyBytesMax: BODY_BYTES_MAX,
    matches: (path) => path === EVALUATION_PATH,
    handle: answering(evaluate(deps)),
  };
}

/** Answers one evaluation: at once when this instance's memory is enough. */
export function evaluate({ decisions, events }: Pick<Deps, 'decisions' | 'events'>) {
  return (members: Members, request: JsonRequest): HttpAnswer | Promise<HttpAnswer> => {
    const asked = readEvaluation(members);
    const demand = demandsOf(requirementOf(request.headers))(asked.userId);
    const question = { ...asked, demand, nowMs: decisions.nowMs() };
    const reply = (verdict: NonNullable<ReturnType<typeof decisions.peek>>) => {
      events.permissionChecked(new HttpAsking(request), question, verdict.isAllowed);
      return jsonAnswer(decisionJson.of(verdict));
    };
    const known = decisions.peek(question);
    return known ? reply(known) : decisions.decide(question, request.signal).then(reply);
  };
}

/** What an evaluation asks. Throws Failure `invalid` FIELD_INVALID. */
export function readEvaluation(members: Members): Asked {
  const reading = openReading();
  const subject = readSubject(reading, members);
  const action = readAction(reading, members);
  const resource = readResource(reading, members);
  const facts = readFacts(reading, members, { subject, action, resource });
  reading.assertGood();
  return { ...facts, userId: subject.userId, permission: `${resource.type}:${action.name}`, resource: resource.path };
}
