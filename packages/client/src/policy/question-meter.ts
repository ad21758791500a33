import type { Condition } from '../condition/condition.ts';
import type { ConditionInput } from '../condition/condition-input.ts';
import { EVALUATION_STEPS_MAX, QUESTION_STEPS_MAX, REQUEST_STEPS_MAX, type StepCount } from '../condition/steps.ts';
import type { Evaluated } from './decide.ts';
import { type MeteredLimit, StepsTooMany } from './steps-refusal.ts';
import { STEPS_TAKEN } from './steps-taken.ts';
import { ENDLESS, SHORT_STEPS_MAX, TURNS, type Turns } from './turns.ts';

/** Makes the error of what is refused because of a limit. It is never an answer. */
export type Refuse = (limit: MeteredLimit) => Error;

interface Remembered {
  readonly evaluated: Evaluated;
  readonly steps: number;
  /** The last question for which its steps were counted. */
  question: number;
}

/** Stands for what came of a condition while that is not known. */
const NOT_YET: Evaluated = { outcome: 'undetermined', why: '' };

/** Conditions that took long when they were evaluated last. */
const long = new WeakSet<Condition>();

/**
 * Evaluates the conditions of a question, each once, and counts their steps. Where a turn of the event loop has had enough it
 * stops, and so does whoever decides: that is begun again in a later turn, and what was evaluated is remembered then. Serves one
 * question after the other.
 */
export class QuestionMeter {
  private readonly refuse: Refuse;
  private readonly turns: Turns;
  private readonly remembered = new Map<Condition, Remembered>();
  private readonly evaluation: StepCount = { steps: 0 };
  private request: StepCount | undefined;
  private question = 0;
  private steps = 0;
  /** Before which it has stopped, to go on in a later turn. */
  private pausedAt: Condition | undefined;
  private refused: 'question' | 'request' | undefined;

  constructor(refuse: Refuse, turns: Turns = TURNS) {
    this.refuse = refuse;
    this.turns = turns;
  }

  /** For a question that is decided at once, however long that takes. Refuses with StepsTooMany. */
  static atOnce(): QuestionMeter {
    return new QuestionMeter((limit) => new StepsTooMany(limit), ENDLESS);
  }

  /** Begins another question, which belongs to a request that may have others. */
  next(request?: StepCount): this {
    if (this.remembered.size > 0) this.remembered.clear();
    this.request = request;
    return this.nextAlike().resume();
  }

  /** Begins another question of the same request, in which no condition can come out otherwise than in the one before. */
  nextAlike(): this {
    this.question += 1;
    this.steps = 0;
    return this;
  }

  /** Goes on with the question. */
  resume(): this {
    this.pausedAt = undefined;
    this.refused = undefined;
    return this;
  }

  /** Whether nothing more is evaluated: what is decided by it now is no answer. */
  get isStopped(): boolean {
    return this.pausedAt !== undefined || this.refused !== undefined;
  }

  /** The limit for which the work is refused. */
  get limit(): 'question' | 'request' | undefined {
    return this.refused;
  }

  /** What came of the work that was done since `resume`; undefined: it has to be done again. Throws where it is refused. */
  settle<Result>(result: Result): Result | undefined {
    if (this.refused !== undefined) {
      STEPS_TAKEN[this.refused] += 1;
      throw this.refuse(this.refused);
    }
    return this.pausedAt ? undefined : result;
  }

  /** What comes of the condition. While the meter has stopped it is undetermined. */
  evaluate(condition: Condition, input: ConditionInput): Evaluated {
    const known = this.remembered.get(condition);
    if (known) {
      if (known.question !== this.question) {
        known.question = this.question;
        this.count(known.steps, 0);
      }
      return known.evaluated;
    }
    if (!this.mayEvaluate(condition)) return NOT_YET;
    const { evaluation } = this;
    evaluation.steps = 0;
    const evaluated = condition.evaluate(input, evaluation);
    const steps = Math.min(evaluation.steps, EVALUATION_STEPS_MAX);
    STEPS_TAKEN.steps += steps;
    if (steps === EVALUATION_STEPS_MAX && evaluated.outcome === 'undetermined') STEPS_TAKEN.evaluation += 1;
    if (steps > SHORT_STEPS_MAX) long.add(condition);
    else if (long.has(condition)) long.delete(condition);
    this.turns.take(steps);
    this.remembered.set(condition, { evaluated, steps, question: this.question });
    this.count(steps, steps);
    return evaluated;
  }

  /** Does the work in the turns to come, from the beginning in each of them, until it is done. */
  finish<Result>(work: () => Result | undefined, signal: AbortSignal | undefined): Promise<Result> {
    return this.turns.finish({
      work,
      isLong: () => this.pausedAt !== undefined && long.has(this.pausedAt),
      signal,
      full: () => this.refuse('turns'),
    });
  }

  private mayEvaluate(condition: Condition): boolean {
    if (this.isStopped) return false;
    // Other questions of the request may have gone on while this one waited.
    if (this.request && this.request.steps > REQUEST_STEPS_MAX) this.refused = 'request';
    else if (this.turns.hasRoom(true) || (this.turns.hasRoom(false) && !long.has(condition))) return true;
    else {
      this.pausedAt = condition;
      STEPS_TAKEN.turn += 1;
    }
    return false;
  }

  /** `fresh` are those that were not taken for a question before. */
  private count(steps: number, fresh: number): void {
    const left = QUESTION_STEPS_MAX - this.steps;
    this.steps += steps;
    // What a question takes beyond its limit is not held against others of the request, so that any ten fit in one.
    if (this.request) this.request.steps += Math.min(fresh, Math.max(left, 0));
    if (this.request && this.request.steps > REQUEST_STEPS_MAX) this.refused = 'request';
    else if (this.steps > QUESTION_STEPS_MAX) this.refused ??= 'question';
  }
}
