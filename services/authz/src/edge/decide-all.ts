import type { StepCount, Verdict } from '@gatehouse/client/policy';
import type { Failure } from '@gatehouse/failure';
import type { EventSource } from '@gatehouse/mesh';
import { lookupGate, timeLeft } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { Question } from '../domain/question.ts';
import { isOfOneQuestion } from '../domain/undecided.ts';
import type { Later } from '../store/decisions.ts';

/** Lookups in Redis and Postgres that one batch has under way at once. */
const LOOKUPS_MAX = 64;

/** How what came of a question is told. */
export interface Replies<Reply> {
  of(verdict: Verdict): Reply;
  /** There is no verdict: no store could tell, it would take too much, or the question is none. */
  ofError(failure: Failure): Reply;
}

/** What brings a batch. */
export interface Asking extends EventSource {
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly deadlineMs: number;
}

/** A batch that is being decided. */
interface Batch<Reply> {
  readonly questions: readonly Question[];
  readonly asking: Asking;
  /** In the order of the questions. */
  readonly results: Reply[];
  /** What conditions took for the request that it belongs to. */
  readonly steps: StepCount;
  /** What memory can't decide. */
  open: Open[] | undefined;
}

/** A question that is not decided yet, and its place in the answer. */
interface Open {
  readonly question: Question;
  readonly place: number;
}

/** One in whose middle others get their turn. */
interface Paused extends Open {
  readonly later: Later;
}

/**
 * Decides many questions; the replies are in their order. What this instance's memory can decide is decided in one
 * synchronous step, unless conditions take so long that others must have their turn, and if that is all, the replies are no
 * promise. The rest is looked up, and given up a little before the deadline. `steps` are those of the request, where that has
 * several batches. Throws and rejects with Failure `limited` REQUEST_STEPS_TOO_MANY.
 */
export function decideAll<Reply>({ decisions, events }: Pick<Deps, 'decisions' | 'events'>, replies: Replies<Reply>) {
  const answer = ({ asking, results }: Batch<Reply>, question: Question, place: number, verdict: Verdict) => {
    events.permissionChecked(asking, question, verdict.isAllowed);
    results[place] = replies.of(verdict);
  };
  const refuse = ({ results }: Batch<Reply>, place: number, error: unknown) => {
    if (!isOfOneQuestion(error)) throw error;
    results[place] = replies.ofError(error);
  };
  const settle = async (batch: Batch<Reply>, { question, place }: Open, verdict: Promise<Verdict>): Promise<void> => {
    try {
      answer(batch, question, place, await verdict);
    } catch (error) {
      batch.asking.signal.throwIfAborted();
      refuse(batch, place, error);
    }
  };
  /** Decides by memory from a place on, as far as can be done at once. */
  const goOn = (batch: Batch<Reply>, from: number): Paused | undefined => {
    for (let place = from; place < batch.questions.length; place += 1) {
      const question = batch.questions[place];
      if (!question) continue;
      try {
        const known = decisions.peek(question, batch.steps);
        if (typeof known === 'function') return { question, place, later: known };
        if (known) answer(batch, question, place, known);
        else {
          batch.open ??= [];
          batch.open.push({ question, place });
        }
      } catch (error) {
        refuse(batch, place, error);
      }
    }
    return undefined;
  };
  const finish = async (batch: Batch<Reply>, pausedAt: Paused | undefined): Promise<readonly Reply[]> => {
    const { signal, end } = timeLeft(batch.asking);
    const gate = lookupGate(LOOKUPS_MAX);
    try {
      // One at a time: a batch waits for one turn, however many questions it has.
      for (let paused = pausedAt; paused; paused = goOn(batch, paused.place + 1)) {
        await settle(batch, paused, paused.later(signal));
      }
      const lookUp = ({ question }: Open) => gate.run(() => decisions.decide(question, signal, batch.steps));
      await Promise.all((batch.open ?? []).map((open) => settle(batch, open, lookUp(open))));
    } finally {
      end();
    }
    return batch.results;
  };
  return (
    questions: readonly Question[],
    asking: Asking,
    steps: StepCount = { steps: 0 },
  ): readonly Reply[] | Promise<readonly Reply[]> => {
    const batch = { questions, asking, results: new Array<Reply>(questions.length), steps, open: undefined };
    const paused = goOn(batch, 0);
    return paused || batch.open ? finish(batch, paused) : batch.results;
  };
}
