import { type Explanation, explain, type Question, StepsTooMany, toSentences } from '../policy/index.ts';
import type { Policy } from './policy.ts';
import type { Place } from './problem.ts';

/** A check that was not answered as its test expects. */
export interface FailedCheck {
  readonly test: string;
  /** Where the check stands in the file. */
  readonly place: Place;
  readonly question: Question;
  readonly expected: 'allowed' | 'denied';
  /** undefined: a service would refuse to decide, because of what the conditions take. */
  readonly explanation: Explanation | undefined;
  /** The same in sentences: what came, and why. */
  readonly sentences: readonly string[];
}

export interface TestReport {
  /** Number of checks. */
  readonly passed: number;
  readonly failed: readonly FailedCheck[];
}

/** Makes the checks of all tests. */
export function runTests({ model, tests }: Policy): TestReport {
  const failed: FailedCheck[] = [];
  let passed = 0;
  for (const { name: test, grants, checks } of tests) {
    for (const { question, expectsAllowed, place } of checks) {
      const own = grants.filter(({ user }) => user === question.userId);
      const { explanation, sentences } = answer(model, own, question);
      if (explanation?.isAllowed === expectsAllowed) {
        passed += 1;
        continue;
      }
      failed.push({ test, place, question, expected: expectsAllowed ? 'allowed' : 'denied', explanation, sentences });
    }
  }
  return { passed, failed };
}

const NAMES = { role: (id: string) => id, grant: (id: string) => id };

function answer(
  model: Policy['model'],
  grants: Parameters<typeof explain>[1],
  question: Question,
): Pick<FailedCheck, 'explanation' | 'sentences'> {
  try {
    const explanation = explain(model, grants, question);
    return { explanation, sentences: toSentences(explanation, question, NAMES) };
  } catch (error) {
    if (!(error instanceof StepsTooMany)) throw error;
    return { explanation: undefined, sentences: [`Refused: ${question.permission}. ${error.message}`] };
  }
}
