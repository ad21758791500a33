import { QUESTION_STEPS_MAX, REQUEST_STEPS_MAX } from '../condition/steps.ts';

/** Of what there was too much: steps of a question, steps of a request, or questions that wait for their turn. */
export type MeteredLimit = 'question' | 'request' | 'turns';

/** Why something is refused: the reason is contract, the message for people. */
export interface StepsRefusal {
  readonly reason: string;
  readonly message: string;
  /** After how many milliseconds the same may be decided; undefined: it is refused then, too. */
  readonly retryAfterMs?: number;
}

const inWords = (steps: number) => steps.toLocaleString('en-US');

/** How refusals are told, by the service and in a process that decides for itself alike. */
export const STEPS_REFUSALS = {
  question: {
    reason: 'QUESTION_STEPS_TOO_MANY',
    message:
      `The conditions that the answer depends on took more than ${inWords(QUESTION_STEPS_MAX)} steps together. ` +
      'Make them or the attributes of the question shorter, or give the user fewer grants with conditions of their own.',
  },
  request: {
    reason: 'REQUEST_STEPS_TOO_MANY',
    message:
      `The conditions of this request took more than ${inWords(REQUEST_STEPS_MAX)} steps together. ` +
      `Ask for less at once: ${REQUEST_STEPS_MAX / QUESTION_STEPS_MAX} questions always fit in one.`,
  },
  turns: {
    reason: 'CONDITIONS_BUSY',
    message: 'Too many questions wait for their conditions to be evaluated; try again.',
    retryAfterMs: 1_000,
  },
} as const satisfies Record<MeteredLimit, StepsRefusal>;

/** The error of what is refused, where whoever decides has no other. */
export class StepsTooMany extends Error {
  override readonly name = 'StepsTooMany';
  readonly limit: MeteredLimit;

  constructor(limit: MeteredLimit) {
    super(STEPS_REFUSALS[limit].message);
    this.limit = limit;
  }
}
