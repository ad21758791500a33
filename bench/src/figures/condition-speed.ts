import { compileCondition } from '@gatehouse/client/policy';
import { celJsCondition, type Evaluate } from '../peers/cel-js-conditions.ts';
import { type Figure, median } from '../row.ts';
import type { Stage } from '../stages.ts';
import { TYPICAL_CONDITIONS, type TypicalCondition } from '../work/typical-conditions.ts';

/** How often the two are measured, one after the other. */
const ROUNDS = 9;
/** Evaluations between two looks at the clock. */
const BLOCK = 2_048;

/** How many times as fast as cel-js's evaluator our own is, for each condition that is typical. Every answer is checked. */
export function conditionSpeed({ runMs, signal }: Pick<Stage, 'runMs' | 'signal'>): Figure[] {
  const sliceMs = runMs / ROUNDS / 2;
  return TYPICAL_CONDITIONS.map((condition) => {
    const compiled = compileCondition(condition.source);
    const ours: Evaluate = (input) => {
      const { outcome } = compiled.evaluate(input);
      return outcome === 'undetermined' ? undefined : outcome === 'true';
    };
    const theirs = celJsCondition(condition.source);
    const rounds = Array.from({ length: ROUNDS }, () => {
      signal.throwIfAborted();
      return nanosEach(theirs, condition, sliceMs) / nanosEach(ours, condition, sliceMs);
    });
    return {
      name: `condition, ${condition.name}: times as fast as cel-js’s evaluator`,
      value: median(rounds, (ratio) => ratio),
      unit: 'ratio' as const,
      aim: condition.aim,
      aimIs: 'at least' as const,
    };
  });
}

/** Processor time of one evaluation. Nanoseconds. */
function nanosEach(evaluate: Evaluate, { name, questions }: TypicalCondition, sliceMs: number): number {
  const until = performance.now() + sliceMs;
  const before = process.cpuUsage();
  let evaluations = 0;
  do {
    for (let index = 0; index < BLOCK; index += 1) {
      const question = questions[index % questions.length];
      if (!question || evaluate(question.input) !== question.expected) {
        throw new Error(`The condition "${name}" was not evaluated as it should be.`);
      }
    }
    evaluations += BLOCK;
  } while (performance.now() < until);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / evaluations;
}
