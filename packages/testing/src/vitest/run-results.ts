import type { SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { RunCounts } from './run-summary.ts';

/** A test, a group of tests or a whole file that failed. */
export interface Problem {
  readonly id: string;
  /** Empty for the file itself. */
  readonly title: string;
  readonly errors: readonly unknown[];
}

/** What came of the files of a run, some of which were run again. */
export interface RunResults {
  /** Adds what a run has ended with. A file that was in an earlier one counts as it ended in this. */
  add(modules: readonly TestModule[], unhandled: readonly SerializedError[], interrupted: boolean): void;
  /** The files of which something failed. */
  failedFiles(): readonly TestModule[];
  /** Undefined until a run has ended. */
  counts(): RunCounts | undefined;
  isEmpty(): boolean;
  skipped(): readonly TestCase[];
  /** What failed at first and passed when its file was run again: `<file> > <test>`. */
  flaky(): readonly string[];
}

/** The title of an error that no test has caught, in the file that ran when it came up. */
const UNHANDLED = 'an error outside of any test';

interface FileResult {
  readonly module: TestModule;
  readonly passed: number;
  readonly skipped: readonly TestCase[];
  /** Titles of what failed. */
  readonly failed: readonly string[];
}

export function runResults(): RunResults {
  const files = new Map<string, FileResult>();
  const flaky: string[] = [];
  let runs = 0;
  let othersFailed = 0;
  const failedIn = () => [...files.values()].reduce((sum, { failed }) => sum + failed.length, 0) + othersFailed;
  const passedIn = () => [...files.values()].reduce((sum, { passed }) => sum + passed, 0);
  return {
    add(modules, unhandled, interrupted) {
      runs += 1;
      const paths = new Set(modules.map(({ moduleId }) => moduleId));
      const isOfFile = (error: SerializedError) => paths.has(String(error.VITEST_TEST_PATH));
      othersFailed += unhandled.filter((error) => !isOfFile(error)).length + (interrupted ? 1 : 0);
      for (const module of modules) {
        const key = `${module.project.name} ${module.relativeModuleId}`;
        const result = resultOf(module, unhandled);
        const before = files.get(key)?.failed ?? [];
        for (const title of before.filter((each) => !result.failed.includes(each))) {
          flaky.push([module.relativeModuleId, title].filter((part) => part !== '').join(' > '));
        }
        files.set(key, result);
      }
    },
    failedFiles: () => [...files.values()].filter(({ failed }) => failed.length > 0).map(({ module }) => module),
    counts: () =>
      runs === 0
        ? undefined
        : {
            passed: passedIn(),
            failed: failedIn(),
            skipped: [...files.values()].reduce((sum, { skipped }) => sum + skipped.length, 0),
          },
    isEmpty: () => passedIn() + failedIn() === 0,
    skipped: () => [...files.values()].flatMap(({ skipped }) => skipped),
    flaky: () => flaky,
  };
}

function resultOf(module: TestModule, unhandled: readonly SerializedError[]): FileResult {
  const tests = [...module.children.allTests()];
  const own = unhandled.filter((error) => error.VITEST_TEST_PATH === module.moduleId);
  return {
    module,
    passed: tests.filter((test) => test.result().state === 'passed').length,
    skipped: tests.filter((test) => test.result().state === 'skipped'),
    failed: [...problemsOf(module).map(({ title }) => title), ...own.map(() => UNHANDLED)],
  };
}

/** Everything in a file that failed: itself, groups whose set-up failed, and tests. */
export function problemsOf(module: TestModule): Problem[] {
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
