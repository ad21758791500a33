import { describe, it } from 'vitest';
import { requiredParts } from './config.ts';
import { partPath } from './part-path.ts';
import { PARTS, type PartName } from './parts.mjs';

/**
 * A group of tests that need a program from outside. Where it is missing they are skipped, each by its name and with the
 * command that brings the program; where GATEHOUSE_REQUIRE names it, that is a failure.
 */
export function describeWith(part: PartName, title: string, tests: () => void): void {
  if (partPath(part) !== undefined) return void describe(title, tests);
  const { title: program, command, variable } = PARTS[part];
  const bring = [command, ...(variable === undefined ? [] : [`or set ${variable}`])].join(', ');
  if (!requiredParts().has(part)) return void describe.skip(`${title} (needs ${program}: ${bring})`, tests);
  describe(title, () => {
    it(`needs ${program}`, () => {
      throw new Error(`${program} is not on this machine, and GATEHOUSE_REQUIRE names ${part}: ${bring}.`);
    });
  });
}
