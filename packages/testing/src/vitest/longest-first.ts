import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { readFileTimes, totalMs } from './file-times.ts';

/**
 * What takes longest wherever it runs, by name: a fresh clone has no times to go by, and would wait for these in the end.
 * Others that have never run come after them, the largest first.
 */
export const LONG_FILES: readonly string[] = [
  'test/mesh/up.test.ts',
  'test/mesh/kill.test.ts',
  'test/mesh/edge-instances.test.ts',
  'services/session/test/faults/bus-cut-off.test.ts',
  'services/ops/test/faults/left-behind.test.ts',
  'services/authz/test/administration.test.ts',
  'services/session/test/proxies.test.ts',
];

/**
 * Starts the files that took longest the last time first, so that none of them is what all others wait for in the end. One
 * that has never run comes before them. Tiers keep their order.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const times = readFileTimes(root);
    const weights = new Map(
      files.map((spec) => {
        const path = relative(root, spec.moduleId);
        const time = times[path];
        const size = LONG_FILES.includes(path) ? Number.POSITIVE_INFINITY : sizeOf(spec);
        return [spec, { ms: time === undefined ? Number.POSITIVE_INFINITY : totalMs(time), size }];
      }),
    );
    const tierOf = (spec: TestSpecification) => spec.project.config.sequence.groupOrder;
    return [...files].sort((a, b) => {
      const [first, second] = [weights.get(a), weights.get(b)];
      if (first === undefined || second === undefined) return 0;
      const byTime = first.ms === second.ms ? 0 : second.ms - first.ms;
      const bySize = first.size === second.size ? 0 : second.size - first.size;
      return tierOf(a) - tierOf(b) || byTime || bySize;
    });
  }
}

function sizeOf({ moduleId }: TestSpecification): number {
  return statSync(moduleId, { throwIfNoEntry: false })?.size ?? 0;
}
