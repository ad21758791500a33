import { decide, type Question, type Verdict } from './decide.ts';
import type { Grant } from './grant.ts';
import type { Model } from './model.ts';
import type { QuestionMeter } from './question-meter.ts';

/**
 * Decides as `decide` does, for a list in which what can't be decided has its place: a question that is refused by itself,
 * because of what its conditions take, is undetermined. Takes as many turns of the event loop as it has to. Rejects with what
 * the signal is aborted for, and with what the meter makes of the other limits.
 */
export async function decideForList(
  model: Model,
  grants: readonly Grant[],
  question: Question,
  meter: QuestionMeter,
  signal: AbortSignal,
): Promise<Verdict> {
  const work = () => decide(model, grants, question, meter);
  try {
    return work() ?? (await meter.finish(work, signal));
  } catch (error) {
    if (meter.limit !== 'question') throw error;
    return { isAllowed: false, undetermined: (error as Error).message };
  }
}
