import { TIERS } from '@gatehouse/testing/tiers';
import { createCLI, parseCLI } from 'vitest/node';

/** What runs when no tier is named: all but those that take minutes. */
const USUAL_TIERS = TIERS.filter((tier) => tier !== 'soak');
/** What a change is compared with when nothing is named. */
const DEFAULT_BASE = 'origin/main';

export interface TestRunOptions {
  /** The commit since which changes are looked at; undefined to run what the filters say. */
  readonly changedSince: string | undefined;
  /** Parts of the paths of test files. */
  readonly filters: string[];
  /** All else that was on the command line, for vitest: `--project unit`, `-t 'tampered'`. */
  readonly vitest: ReturnType<typeof parseCLI>['options'];
}

/** Reads the command line; throws when it has an option that nobody knows. `--changed` is ours, because vitest's own knows nothing of SQL, Lua, protos and programs. */
export function readOptions(args: readonly string[]): TestRunOptions {
  const rest: string[] = [];
  let changedSince: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    const [name, value] = word.split('=', 2);
    if (name !== '--changed') {
      rest.push(word);
      continue;
    }
    const next = args[at + 1];
    const takesNext = value === undefined && next !== undefined && !next.startsWith('-');
    changedSince = value ?? (takesNext ? next : DEFAULT_BASE);
    if (takesNext) at += 1;
  }
  const cli = createCLI();
  cli.parse(['node', 'vitest', 'run', ...rest], { run: false });
  cli.matchedCommand?.checkUnknownOptions();
  const { filter, options } = parseCLI(['vitest', 'run', ...rest]);
  // Fixtures of tests have a configuration of their own, without tiers.
  const isOurs = options.config === undefined && options.project === undefined;
  return { changedSince, filters: filter, vitest: isOurs ? { ...options, project: [...USUAL_TIERS] } : options };
}
