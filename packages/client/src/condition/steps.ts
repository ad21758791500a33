/** Most steps of one evaluation of one condition. Beyond, it is undetermined; the count depends on condition and question alone. */
export const EVALUATION_STEPS_MAX = 100_000;
/** Most steps of all conditions of one question. Beyond, the question is refused, never decided otherwise. */
export const QUESTION_STEPS_MAX = 1_000_000;
/** Most steps of one request: a batch, a message of a stream, a page of a lookup. Beyond, it is refused. */
export const REQUEST_STEPS_MAX = 10_000_000;
/** Most steps of one turn of the event loop: then others get their turn, and the deadline is looked at. */
export const TURN_STEPS_MAX = 200_000;

/** What evaluations have taken. `Condition.evaluate` adds to it. */
export interface StepCount {
  steps: number;
}
