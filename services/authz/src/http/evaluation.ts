import type { Verdict } from '@gatehouse/client/policy';
import type { FieldViolation } from '@gatehouse/failure';
import type { HttpAnswer, JsonRequest, PostRoute } from '@gatehouse/http';
import type { AccessRule } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { demandsOf } from '../domain/consistency.ts';
import type { Asked } from '../domain/question.ts';
import { answering, BODY_BYTES_MAX, jsonAnswer } from './answers.ts';
import { decisionJson, unmatchedJson, withUnknown } from './decisions.ts';
import { readAction, readResource, readSubject } from './entities.ts';
import { readFacts, type Unknown } from './facts.ts';
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
    const { asked, unknown, unmatched } = readEvaluation(members);
    const demand = demandsOf(requirementOf(request.headers))(asked.userId);
    const question = { ...asked, demand, nowMs: decisions.nowMs() };
    const reply = (isAllowed: boolean, decision: string) => {
      events.permissionChecked(new HttpAsking(request), question, isAllowed);
      return jsonAnswer(decision);
    };
    if (unmatched) return reply(false, unmatchedJson(unmatched));
    const judged = (verdict: Verdict) => reply(verdict.isAllowed, withUnknown(decisionJson.of(verdict), unknown));
    const known = decisions.peek(question);
    if (known && typeof known !== 'function') return judged(known);
    return (known ? known(request.signal) : decisions.decide(question, request.signal)).then(judged);
  };
}

/** What an evaluation asks. */
export interface Evaluation extends Unknown {
  /** Empty in it is what can't exist here. */
  readonly asked: Asked;
  /** What can't; undefined: all can. The answer is then no, for whomever it is about. */
  readonly unmatched: FieldViolation | undefined;
}

/** Throws Failure `invalid` FIELD_INVALID. */
export function readEvaluation(members: Members): Evaluation {
  const reading = openReading();
  const subject = readSubject(reading, members);
  const action = readAction(reading, members);
  const resource = readResource(reading, members);
  const { unknown, ...facts } = readFacts(reading, members, { subject, action, resource });
  const unmatched = reading.assertWellFormed();
  const permission = resource.type === '' || action.name === '' ? '' : `${resource.type}:${action.name}`;
  return { asked: { ...facts, userId: subject.userId, permission, resource: resource.path }, unknown, unmatched };
}
