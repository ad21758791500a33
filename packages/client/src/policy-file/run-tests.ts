import { type Explanation, explain, type Question, toSentences } from '../policy/index.ts';
import type { Policy } from './policy.ts';
import type { Place } from './problem.ts';

/** A check that was not answered as its test expects. */
export interface FailedCheck {
  readonly test: string;
  /** Where the check stands in the file. */
  readonly place: Place;
  readonly question: Question;
  readonly expected: 'allowed' | 'denied';
  readonly explanation: Explanation;
  /** The explanation in sentences: what came, and why. */
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
      const explanation = explain(model, own, question);
      if (explanation.isAllowed === expectsAllowed) {
        passed += 1;
        continue;
      }
      const sentences = toSentences(explanation, question, { role: (id) => id, grant: (id) => id });
      failed.push({ test, place, question, expected: expectsAllowed ? 'allowed' : 'denied', explanation, sentences });
    }
  }
  return { passed, failed };
}
