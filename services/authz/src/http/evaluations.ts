import { type Failure, isFailure } from '@gatehouse/failure';
import type { PostRoute } from '@gatehouse/http';
import { type AccessRule, fieldsInvalid } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { type Demand, demandsOf } from '../domain/consistency.ts';
import type { Question } from '../domain/question.ts';
import { decideAll } from '../edge/decide-all.ts';
import { answering, BODY_BYTES_MAX, jsonAnswer } from './answers.ts';
import { decisionJson, PERMITTED } from './decisions.ts';
import { evaluate, readEvaluation } from './evaluation.ts';
import { readItems } from './evaluation-items.ts';
import { HttpAsking } from './http-asking.ts';
import { type Members, memberAt, openReading, type Reading } from './reading.ts';
import { requirementOf } from './requirement.ts';

export const EVALUATIONS_PATH = '/access/v1/evaluations';

/** Which decision makes those after it needless (AuthZEN, section 7.1.2.1). */
const SEMANTICS = {
  execute_all: undefined,
  deny_on_first_deny: (decision: string) => decision !== PERMITTED,
  permit_on_first_permit: (decision: string) => decision === PERMITTED,
} as const;

type Decide = ReturnType<typeof decideAll<string>>;

/** Access Evaluations (AuthZEN, section 7): BatchCheck over HTTP. One that can't be read or decided is denied by itself. */
export function evaluationsRoute(deps: Pick<Deps, 'decisions' | 'events'>, access: AccessRule): PostRoute {
  const evaluateOne = evaluate(deps);
  const decide = decideAll(deps, decisionJson);
  const answer = (decisions: readonly string[]) => jsonAnswer(`{"evaluations":[${decisions.join(',')}]}`);
  return {
    name: 'evaluations',
    method: 'POST',
    access,
    bodyBytesMax: BODY_BYTES_MAX,
    matches: (path) => path === EVALUATIONS_PATH,
    handle: answering((members, request) => {
      const reading = openReading();
      const items = readItems(reading, members);
      const isLast = SEMANTICS[readSemantic(reading, members)];
      reading.assertGood();
      if (items.length === 0) return evaluateOne(members, request);
      const demandOf = demandsOf(requirementOf(request.headers));
      const nowMs = deps.decisions.nowMs();
      const questions = items.map((item) => read(item, demandOf, nowMs));
      const asking = new HttpAsking(request);
      if (isLast) return decideInOrder(decide, questions, deps.decisions.nowMs, asking, isLast).then(answer);
      const decided = decide(questions.filter(isQuestion), asking);
      return decided instanceof Promise
        ? decided.then((all) => answer(merge(questions, all)))
        : answer(merge(questions, decided));
    }),
  };
}

function readSemantic(reading: Reading, members: Members): keyof typeof SEMANTICS {
  const options = reading.optionalObject(members, 'options') ?? {};
  const semantic = memberAt(options, 'options.evaluations_semantic') ?? 'execute_all';
  if (isSemantic(semantic)) return semantic;
  reading.refuse('options.evaluations_semantic', `must be one of ${Object.keys(SEMANTICS).join(', ')}`);
  return 'execute_all';
}

function isSemantic(value: unknown): value is keyof typeof SEMANTICS {
  return typeof value === 'string' && Object.hasOwn(SEMANTICS, value);
}

/** What an evaluation asks, or why it asks nothing. */
function read(item: Members | undefined, demandOf: (userId: string) => Demand, nowMs: number): Question | Failure {
  try {
    if (!item) throw fieldsInvalid([{ field: 'the evaluation', description: 'must be an object' }]);
    const asked = readEvaluation(item);
    return { ...asked, demand: demandOf(asked.userId), nowMs };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return error;
  }
}

function isQuestion(each: Question | Failure): each is Question {
  return !isFailure(each);
}

async function decideInOrder(
  decide: Decide,
  questions: readonly (Question | Failure)[],
  now: () => number,
  asking: HttpAsking,
  isLast: (decision: string) => boolean,
): Promise<readonly string[]> {
  const decisions: string[] = [];
  for (const each of questions) {
    // Those before it may have taken their time.
    const results = isQuestion(each) ? decide([{ ...each, nowMs: now() }], asking) : [decisionJson.ofError(each)];
    decisions.push(...(await results));
    if (isLast(decisions.at(-1) ?? '')) break;
  }
  return decisions;
}

/** The decisions, with those that were no questions in their places. */
function merge(questions: readonly (Question | Failure)[], decided: readonly string[]): readonly string[] {
  const next = decided.values();
  return questions.flatMap((each) => (isQuestion(each) ? (next.next().value ?? []) : decisionJson.ofError(each)));
}
