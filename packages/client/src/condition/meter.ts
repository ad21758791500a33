import { EVALUATION_STEPS_MAX } from './steps.ts';

/** Steps that the evaluation under way may still take. One for the process: an evaluation is one turn, and none runs inside of another. */
const meter = { left: 0 };

/** Thrown when they are used up, so that nothing on the way absorbs it. Made once: one that is made for each would take longer than many steps. */
export const TOO_MANY_STEPS: Error = new Error('It took more steps than a condition may');

/** Pays for what comes next. Throws TOO_MANY_STEPS. */
export function pay(steps: number): void {
  meter.left -= steps;
  if (!(meter.left >= 0)) throw TOO_MANY_STEPS;
}

/** Begins an evaluation. */
export function startMeter(steps: number): void {
  meter.left = steps;
}

/** What the evaluation has taken: EVALUATION_STEPS_MAX where it was stopped. */
export function stepsTaken(): number {
  return EVALUATION_STEPS_MAX - Math.max(0, meter.left);
}
