import { defineConfig } from 'vitest/config';
import { quietReporter } from './packages/testing/src/vitest/reporter.ts';

export default defineConfig({
  test: {
    include: ['packages', 'services', 'examples', 'cli', 'bench', 'tools', 'test'].map(
      (folder) => `${folder}/**/*.test.ts`,
    ),
    // Each process takes one file after the other, because most files need the same modules; the check after each file fails
    // one that leaves something open, and stops stores that it has forgotten.
    pool: 'forks',
    isolate: false,
    // One more than the cores of a small machine: files wait for servers to start and to answer.
    maxWorkers: 3,
    globalSetup: ['packages/testing/src/vitest/global-setup.ts'],
    setupFiles: ['packages/testing/src/vitest/setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: [quietReporter()],
  },
});
