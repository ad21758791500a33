import { globSync } from 'node:fs';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import { HOOK_LIMIT_MS } from '../patience.ts';
import { TIERS, type Tier, tierOf } from './tiers.ts';

/** Where tests are looked for. */
const FOLDERS = ['packages', 'services', 'examples', 'cli', 'bench', 'tools', 'test'];

/**
 * How many files of a tier run at once, on two processors: as many where tests compute, more where they also wait for servers
 * to start and to answer, and most where they wait for most of their time; those come last, when nobody else needs the
 * processor.
 */
const WORKERS: Readonly<Record<Tier, number>> = { unit: 2, service: 4, mesh: 2, faults: 6, soak: 1 };

/** What every test file is run with, in whatever project. */
export const FILE_SETTINGS: TestProjectInlineConfiguration['test'] = {
  // Each process takes one file after the other, because most files need the same modules; the check after each file fails
  // one that leaves something open, and closes that.
  pool: 'forks',
  // Node runs the modules as they stand, as it does in use; nothing is bundled or rewritten before.
  experimental: { viteModuleRunner: false, nodeLoader: false },
  isolate: false,
  setupFiles: ['packages/testing/src/vitest/setup.ts'],
  // Tests are limited by the set-up, which also stops them; the runner would only stop waiting for them.
  testTimeout: 0,
  hookTimeout: HOOK_LIMIT_MS,
  // A test makes much that is soon forgotten. With more room for it the collector runs a quarter as often.
  execArgv: ['--max-semi-space-size=64'],
};

/** The projects of vitest: one for each tier, run one after the other. */
export function tierProjects(root: string): TestProjectInlineConfiguration[] {
  const files = FOLDERS.flatMap((folder) =>
    globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: (name) => /(^|\/)node_modules$/.test(name) }),
  );
  return TIERS.map((tier, groupOrder) => ({
    test: {
      ...FILE_SETTINGS,
      name: tier,
      root,
      include: files.filter((file) => tierOf(file) === tier),
      globalSetup: ['packages/testing/src/vitest/global-setup.ts'],
      provide: { tier },
      maxWorkers: WORKERS[tier],
      sequence: { groupOrder },
    },
  }));
}
