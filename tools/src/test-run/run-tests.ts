import { availableParallelism, loadavg } from 'node:os';
import { plantSeed, quietReporter, type RunResults, runResults } from '@gatehouse/testing/vitest';
import { createVitest, type Vitest } from 'vitest/node';
import { affectedTests } from '../affected/affected-tests.ts';
import { changedFiles } from '../affected/changed-files.ts';
import { readModuleGraph } from '../affected/module-graph.ts';
import { calibrate } from './calibrate.ts';
import { readOptions, type TestRunOptions } from './options.ts';

/** With more failed files than this something is wrong that no second try mends. */
const RERUN_FILES_MAX = 20;

/** What is printed last when no test could be started, so that it is one plain line as always. */
const NOTHING_RAN = { failed: '0 passed, 1 failed, 0 skipped', needed: '0 passed, 0 failed, 0 skipped' };

/** Runs tests as the command line says, and tries each file that failed once more, alone, after all others. */
export async function runTests(root: string, args: readonly string[]): Promise<void> {
  try {
    const options = readOptions(args);
    const filters = options.changedSince === undefined ? options.filters : await affected(root, options.changedSince);
    if (filters === undefined) say(NOTHING_RAN.needed);
    else await run(root, filters, options.vitest);
  } catch (error) {
    // A wrong command line, or a commit that is not there.
    say(error instanceof Error ? error.message : String(error));
    say(NOTHING_RAN.failed);
    process.exitCode = 1;
  }
}

async function run(root: string, filters: string[], options: TestRunOptions['vitest']): Promise<void> {
  const calibratedMs = calibrate();
  const seed = plantSeed();
  say(
    `${availableParallelism()} processors, load ${(loadavg()[0] ?? 0).toFixed(2)}; ` +
      `the fixed piece of work took ${Math.round(calibratedMs)} ms; GATEHOUSE_TEST_SEED=${seed} repeats the run's chance.`,
  );
  const results = runResults();
  const reporters = [quietReporter({ results, calibratedMs })];
  const vitest = await createVitest('test', { ...options, root: options.root ?? root, watch: false, reporters });
  try {
    await vitest.start(filters);
    await rerunFailed(vitest, results);
  } catch (error) {
    // Told here, because the last line is the reporter's.
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 1;
  } finally {
    await vitest.close();
  }
}

/** The tests that the change can have broken; undefined when there are none. */
async function affected(root: string, base: string): Promise<string[] | undefined> {
  const [changed, graph] = await Promise.all([changedFiles(root, base), readModuleGraph(root)]);
  const tests = affectedTests(graph, changed);
  say(`${changed.length} files differ from ${base}: ${tests.length} test files can be affected.`);
  return tests.length > 0 ? tests : undefined;
}

async function rerunFailed(vitest: Vitest, results: RunResults): Promise<void> {
  const failed = results.failedFiles();
  if (failed.length === 0 || failed.length > RERUN_FILES_MAX) return;
  for (const { moduleId, project } of failed) {
    const specification = project.createSpecification(moduleId);
    await vitest.runTestSpecifications([specification]);
  }
  // What vitest has set after the first run; whether anything else has failed is what the results say.
  if (results.counts()?.failed === 0) process.exitCode = 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
