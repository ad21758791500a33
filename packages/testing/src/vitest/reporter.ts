import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { type FileTime, writeFileTimes } from './file-times.ts';
import { problemsOf, type RunResults, runResults } from './run-results.ts';
import { finalCounts, summaryLine } from './run-summary.ts';
import { timeLines } from './time-report.ts';

/** How much of what one test prints is kept until it is known whether it fails. */
const PRINTED_CHARACTERS = 64 * 1024;

export interface QuietReporterOptions {
  /** Where the results are gathered, for whoever runs files again. */
  readonly results?: RunResults;
  /** What `calibrate` has measured before the run; without it nothing is said about times. */
  readonly calibratedMs?: number;
}

/**
 * Says only what is wrong: each failure with its error and what the failing test printed, one line for each skipped and each
 * flaky test, and on a terminal one line for each file. The summary is printed as the process exits, so that it is the last
 * line whatever else is printed, and is there even when the set-up fails. A file that is run again counts as it ended then.
 */
export function quietReporter({ results = runResults(), calibratedMs }: QuietReporterOptions = {}): Reporter {
  let vitest: Vitest;
  const times: Record<string, FileTime> = {};
  const startedMs = performance.now();
  /** What tests have printed, by the id of the test, or of the file outside of tests. */
  const printed = new Map<string, string>();
  return {
    onInit: (context) => {
      vitest = context;
      process.once('exit', (code) => {
        sayEnd(vitest, results, times, calibratedMs, performance.now() - startedMs);
        const final = finalCounts(results.counts(), Number(code));
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
      times[module.relativeModuleId] ??= timeOf(module);
      if (process.stdout.isTTY) vitest.logger.log(`${module.ok() ? 'ok  ' : 'FAIL'} ${module.relativeModuleId}`);
      for (const { id, title, errors } of problemsOf(module)) {
        vitest.logger.log(`\nFAIL ${[module.relativeModuleId, title].filter((part) => part !== '').join(' > ')}`);
        const output = printed.get(id);
        if (output !== undefined) vitest.logger.log(`It printed:\n${output}`);
        for (const error of errors) vitest.logger.printError(error, { project: module.project });
      }
    },
    onTestRunEnd: (modules, unhandledErrors, reason) => {
      for (const error of unhandledErrors) vitest.logger.printError(error, { type: 'Unhandled error' });
      results.add(modules, unhandledErrors, reason === 'interrupted');
    },
  };
}

/** Times are kept and told of whole runs only: with a name pattern most tests of a file have not run. */
function sayEnd(
  vitest: Vitest,
  results: RunResults,
  times: Readonly<Record<string, FileTime>>,
  calibratedMs: number | undefined,
  totalMs: number,
): void {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const isFiltered = vitest.config.testNamePattern !== undefined;
  if (!isFiltered) for (const test of results.skipped()) say(skippedLine(test));
  for (const name of results.flaky()) say(`flaky: ${name}`);
  if (results.counts() !== undefined && results.isEmpty()) say('No test ran.');
  if (calibratedMs === undefined || isFiltered) return;
  writeFileTimes(vitest.config.root, times);
  for (const line of timeLines(times, calibratedMs, totalMs)) say(line);
}

function timeOf(module: TestModule): FileTime {
  const { environmentSetupDuration, prepareDuration, collectDuration, setupDuration, duration } = module.diagnostic();
  const around = environmentSetupDuration + prepareDuration + collectDuration + setupDuration;
  const testsMs = [...module.children.allTests()].reduce((sum, test) => sum + (test.diagnostic()?.duration ?? 0), 0);
  return { setUpMs: Math.round(around + Math.max(0, duration - testsMs)), testsMs: Math.round(testsMs) };
}

function skippedLine(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' && result.note !== undefined ? `: ${result.note}` : '';
  return `skipped ${test.module.relativeModuleId} > ${test.fullName}${note}`;
}
