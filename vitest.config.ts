import { defineConfig } from 'vitest/config';
import { LongestFirst } from './packages/testing/src/vitest/longest-first.ts';
import { tierProjects } from './packages/testing/src/vitest/projects.ts';
import { quietReporter } from './packages/testing/src/vitest/reporter.ts';

export default defineConfig({
  test: {
    projects: tierProjects(import.meta.dirname),
    experimental: { viteModuleRunner: false, nodeLoader: false },
    sequence: { sequencer: LongestFirst },
    reporters: [quietReporter()],
  },
});
