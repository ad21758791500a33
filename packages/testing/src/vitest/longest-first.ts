import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { readFileTimes, totalMs } from './file-times.ts';

/**
 * Starts the files that took longest the last time first, so that none of them is what all others wait for in the end. One
 * that has never run comes before them; without any times the largest file comes first. Tiers keep their order.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const times = readFileTimes(root);
    const weights = new Map(
      files.map((spec) => {
        const time = times[relative(root, spec.moduleId)];
        return [spec, { ms: time === undefined ? Number.POSITIVE_INFINITY : totalMs(time), size: sizeOf(spec) }];
      }),
    );
    const tierOf = (spec: TestSpecification) => spec.project.config.sequence.groupOrder;
    return [...files].sort((a, b) => {
      const [first, second] = [weights.get(a), weights.get(b)];
      if (first === undefined || second === undefined) return 0;
      const byTime = first.ms === second.ms ? 0 : second.ms - first.ms;
      return tierOf(a) - tierOf(b) || byTime || second.size - first.size;
    });
  }
}

function sizeOf({ moduleId }: TestSpecification): number {
  return statSync(moduleId, { throwIfNoEntry: false })?.size ?? 0;
}
