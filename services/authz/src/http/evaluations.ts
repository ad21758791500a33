import { isFailure } from '@gatehouse/failure';
import type { PostRoute } from '@gatehouse/http';
import { type AccessRule, fieldsInvalid } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { type Demand, demandsOf } from '../domain/consistency.ts';
import type { Asked, Question } from '../domain/question.ts';
import { decideAll } from '../edge/decide-all.ts';
import { answering, BODY_BYTES_MAX, jsonAnswer } from './answers.ts';
import { decisionJson, PERMITTED, unmatchedJson, withUnknown } from './decisions.ts';
import { evaluate, readEvaluation } from './evaluation.ts';
import { readItems } from './evaluation-items.ts';
import type { Unknown } from './facts.ts';
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
      reading.assertWellFormed();
      if (items.length === 0) return evaluateOne(members, request);
      const demandOf = demandsOf(requirementOf(request.headers));
      const nowMs = deps.decisions.nowMs();
      const entries = items.map((item) => read(item, demandOf, nowMs));
      const asking = new HttpAsking(request);
      const steps = { steps: 0 };
      const decideSome = (some: readonly Entry[]) => {
        for (const { denied } of some) if (denied) deps.events.permissionChecked(asking, denied, false);
        const decided = decide(
          some.flatMap(({ question }) => question ?? []),
          asking,
          steps,
        );
        return decided instanceof Promise ? decided.then((all) => merge(some, all)) : merge(some, decided);
      };
      if (isLast) return decideInOrder(decideSome, entries, deps.decisions.nowMs, isLast).then(answer);
      const decided = decideSome(entries);
      return decided instanceof Promise ? decided.then(answer) : answer(decided);
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

/** One of the evaluations: a question, or an answer that needs none. */
interface Entry extends Unknown {
  readonly question?: Question;
  readonly answer?: string;
  /** What the answer is a decision about; undefined: about nothing that could be read. */
  readonly denied?: Asked;
}

function read(item: Members | undefined, demandOf: (userId: string) => Demand, nowMs: number): Entry {
  try {
    if (!item) throw fieldsInvalid([{ field: 'the evaluation', description: 'must be an object' }]);
    const { asked, unknown, unmatched } = readEvaluation(item);
    if (unmatched) return { unknown, answer: unmatchedJson(unmatched), denied: asked };
    return { unknown, question: { ...asked, demand: demandOf(asked.userId), nowMs } };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { unknown: '', answer: decisionJson.ofError(error) };
  }
}

async function decideInOrder(
  decide: (entries: readonly Entry[]) => readonly string[] | Promise<readonly string[]>,
  entries: readonly Entry[],
  now: () => number,
  isLast: (decision: string) => boolean,
): Promise<readonly string[]> {
  const decisions: string[] = [];
  for (const { question, ...entry } of entries) {
    // Those before it may have taken their time.
    decisions.push(...(await decide([question ? { ...entry, question: { ...question, nowMs: now() } } : entry])));
    if (isLast(decisions.at(-1) ?? '')) break;
  }
  return decisions;
}

/** The decisions, with the answers that needed none in their places. */
function merge(entries: readonly Entry[], decided: readonly string[]): readonly string[] {
  const next = decided.values();
  return entries.map(({ answer, unknown }) => answer ?? withUnknown(next.next().value ?? '', unknown));
}
