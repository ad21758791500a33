import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';
import { finalCounts, type RunCounts, summaryLine } from './run-summary.ts';

/** How much of what one test prints is kept until it is known whether it fails. */
const PRINTED_CHARACTERS = 64 * 1024;

/**
 * Says only what is wrong: each failure with its error and what the failing test printed, one line for each skipped test,
 * and on a terminal one line for each file. The summary is printed as the process exits, so that it is the last line
 * whatever else is printed, and is there even when the set-up fails.
 */
export function quietReporter(): Reporter {
  let vitest: Vitest;
  let counts: RunCounts | undefined;
  /** What tests have printed, by the id of the test, or of the file outside of tests. */
  const printed = new Map<string, string>();
  return {
    onInit: (context) => {
      vitest = context;
      process.once('exit', (code) => {
        const final = finalCounts(counts, Number(code));
        process.stdout.write(`${summaryLine(final)}\n`);
        process.exitCode = final.failed === 0 ? 0 : Number(code) || 1;
      });
    },
    onUserConsoleLog: ({ taskId = '', content }) => {
      const earlier = printed.get(taskId) ?? '';
      if (earlier.length < PRINTED_CHARACTERS) printed.set(taskId, earlier + content);
    },
    onTestCaseResult: (test) => {
      if (test.result().state !== 'failed') printed.delete(test.id);
    },
    onTestModuleEnd: (module) => {
      if (process.stdout.isTTY) vitest.logger.log(`${module.ok() ? 'ok  ' : 'FAIL'} ${module.relativeModuleId}`);
      for (const problem of problemsOf(module)) printProblem(vitest, problem, module, printed.get(problem.id));
    },
    onTestRunEnd: (modules, unhandledErrors, reason) => {
      const tests = modules.flatMap((module) => [...module.children.allTests()]);
      const skipped = tests.filter((test) => test.result().state === 'skipped');
      if (!isFiltered(vitest)) for (const test of skipped) vitest.logger.log(skippedLine(test));
      for (const error of unhandledErrors) vitest.logger.printError(error, { type: 'Unhandled error' });
      counts = {
        passed: tests.filter((test) => test.result().state === 'passed').length,
        failed: modules.flatMap(problemsOf).length + unhandledErrors.length + (reason === 'interrupted' ? 1 : 0),
        skipped: skipped.length,
      };
      if (counts.passed + counts.failed === 0) vitest.logger.log('No test ran.');
    },
  };
}

/** A test, a group of tests or a whole file that failed. */
interface Problem {
  readonly id: string;
  readonly title: string;
  readonly errors: readonly unknown[];
}

function problemsOf(module: TestModule): Problem[] {
  const broken = [module, ...module.children.allSuites()]
    .filter((suite: TestModule | TestSuite) => suite.errors().length > 0)
    .map((suite) => ({
      id: suite.id,
      title: 'fullName' in suite ? suite.fullName : '',
      errors: suite.errors(),
    }));
  const failed = [...module.children.allTests('failed')].map((test) => ({
    id: test.id,
    title: test.fullName,
    errors: test.result().errors ?? [],
  }));
  return [...broken, ...failed];
}

function printProblem(vitest: Vitest, { title, errors }: Problem, module: TestModule, output?: string): void {
  vitest.logger.log(`\nFAIL ${[module.relativeModuleId, title].filter((part) => part !== '').join(' > ')}`);
  if (output !== undefined) vitest.logger.log(`It printed:\n${output}`);
  for (const error of errors) vitest.logger.printError(error, { project: module.project });
}

function skippedLine(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' && result.note !== undefined ? `: ${result.note}` : '';
  return `skipped ${test.module.relativeModuleId} > ${test.fullName}${note}`;
}

/** With a name pattern, what is skipped is what was asked for. */
function isFiltered(vitest: Vitest): boolean {
  return vitest.config.testNamePattern !== undefined;
}
