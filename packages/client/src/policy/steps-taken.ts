/** What conditions have taken in this process, and how often each limit was reached, for metrics. */
export const STEPS_TAKEN = { steps: 0, evaluation: 0, question: 0, request: 0, turn: 0 };

/** The limits that are named in docs/policy.md. */
export type StepLimit = Exclude<keyof typeof STEPS_TAKEN, 'steps'>;
