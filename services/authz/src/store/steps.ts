import {
  type MeteredLimit,
  QuestionMeter,
  STEPS_REFUSALS,
  STEPS_TAKEN,
  type StepLimit,
} from '@gatehouse/client/policy';
import { Failure } from '@gatehouse/failure';
import { Counter, type Registry } from '@gatehouse/process';

/** A meter for the conditions of questions. It refuses with Failure `limited` QUESTION_STEPS_TOO_MANY, REQUEST_STEPS_TOO_MANY, or CONDITIONS_BUSY. */
export function openMeter(): QuestionMeter {
  return new QuestionMeter(stepsTooMany);
}

function stepsTooMany(limit: MeteredLimit): Failure {
  const { reason, message, ...retry } = STEPS_REFUSALS[limit];
  return new Failure('limited', reason, message, retry);
}

const LIMITS = ['evaluation', 'question', 'request', 'turn'] as const satisfies readonly StepLimit[];

/** Tells what conditions take. It is read off when it is asked for, so that no check pays for it. */
export function measureSteps(registry: Registry): void {
  const told = { ...STEPS_TAKEN };
  new Counter({
    name: 'authz_condition_steps_total',
    help: 'Steps that conditions took.',
    registers: [registry],
    collect() {
      this.inc(STEPS_TAKEN.steps - told.steps);
      told.steps = STEPS_TAKEN.steps;
    },
  });
  new Counter({
    name: 'authz_condition_limits_total',
    help: 'How often the steps of conditions reached a limit, by which.',
    labelNames: ['limit'],
    registers: [registry],
    collect() {
      for (const limit of LIMITS) {
        this.inc({ limit }, STEPS_TAKEN[limit] - told[limit]);
        told[limit] = STEPS_TAKEN[limit];
      }
    },
  });
}
