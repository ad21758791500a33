import { tierOf } from '@gatehouse/testing/tiers';
import type { Problem } from './problem.ts';
import { findText, listFiles } from './source-tree.ts';

/** A limit that a test sets for itself, as an option of it or of a group, as its last argument, or for the file. */
const OWN_LIMITS: readonly RegExp[] = [
  /\b(?:it|test|describe)\b[^\n]*\{ ?timeout: /,
  /^ {2,}timeout: [\d_A-Z]+,?$/,
  /\b(?:testTimeout|hookTimeout)\b/,
  /^\}, ?[\d_]{4,}\);$/,
];

/**
 * Checks that each test file lies where a tier looks for it, and that no test has a limit on time of its own: limits are for
 * hangs alone, and stand in packages/testing/src/patience.ts.
 */
export async function checkTests(root: string): Promise<Problem[]> {
  const files = (await listFiles(root)).filter((file) => file.endsWith('.test.ts'));
  const problems = await Promise.all(files.map((file) => checkTest(root, file)));
  return problems.flat();
}

async function checkTest(root: string, file: string): Promise<Problem[]> {
  const lines = ((await findText(root, file)) ?? '').split('\n');
  const limits = lines.flatMap((text, index) =>
    OWN_LIMITS.some((limit) => limit.test(text))
      ? [{ file, line: index + 1, message: 'a test has no limit on time of its own; see CONTRIBUTING.md' }]
      : [],
  );
  if (tierOf(file) !== undefined) return limits;
  return [{ file, message: 'no tier looks for tests here; see packages/testing/src/vitest/tiers.ts' }, ...limits];
}
