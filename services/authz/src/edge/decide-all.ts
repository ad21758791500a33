import type { Verdict } from '@gatehouse/client/policy';
import type { Failure } from '@gatehouse/failure';
import type { EventSource } from '@gatehouse/mesh';
import { lookupGate, timeLeft } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { Question } from '../domain/question.ts';
import { isOfOneQuestion } from '../domain/undecided.ts';

/** Lookups in Redis and Postgres that one batch has under way at once. */
const LOOKUPS_MAX = 64;

/** How what came of a question is told. */
export interface Replies<Reply> {
  of(verdict: Verdict): Reply;
  /** There is no verdict: no store could tell, or the question is none. */
  ofError(failure: Failure): Reply;
}

/** What brings a batch. */
export interface Asking extends EventSource {
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly deadlineMs: number;
}

/** A question that memory can't decide, and its place in the answer. */
interface Open {
  readonly question: Question;
  readonly place: number;
}

/**
 * Decides many questions; the replies are in their order. What this instance's memory can decide is decided in one
 * synchronous step, and if that is all, the replies are no promise. The rest is looked up, and given up a little before the
 * deadline.
 */
export function decideAll<Reply>({ decisions, events }: Pick<Deps, 'decisions' | 'events'>, replies: Replies<Reply>) {
  const decideOne = async (question: Question, signal: AbortSignal, asking: Asking): Promise<Reply> => {
    try {
      const verdict = await decisions.decide(question, signal);
      events.permissionChecked(asking, question, verdict.isAllowed);
      return replies.of(verdict);
    } catch (error) {
      asking.signal.throwIfAborted();
      if (!isOfOneQuestion(error)) throw error;
      return replies.ofError(error);
    }
  };
  const lookUp = async (open: readonly Open[], results: Reply[], asking: Asking): Promise<readonly Reply[]> => {
    const { signal, end } = timeLeft(asking);
    const gate = lookupGate(LOOKUPS_MAX);
    try {
      await Promise.all(
        open.map(async ({ question, place }) => {
          results[place] = await gate.run(() => decideOne(question, signal, asking));
        }),
      );
    } finally {
      end();
    }
    return results;
  };
  return (questions: readonly Question[], asking: Asking): readonly Reply[] | Promise<readonly Reply[]> => {
    const results = new Array<Reply>(questions.length);
    let open: Open[] | undefined;
    let place = 0;
    for (const question of questions) {
      const known = decisions.peek(question);
      if (known) {
        events.permissionChecked(asking, question, known.isAllowed);
        results[place] = replies.of(known);
      } else {
        open ??= [];
        open.push({ question, place });
      }
      place += 1;
    }
    return open ? lookUp(open, results, asking) : results;
  };
}
