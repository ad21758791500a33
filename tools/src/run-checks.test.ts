import { describe, expect, it } from 'vitest';
import { type Check, runChecks } from './run-checks.ts';

const passing: Check = { name: 'types', run: async () => ({ passed: true, output: 'nothing to see' }) };
const failing: Check = { name: 'layout', run: async () => ({ passed: false, output: 'a.ts: is missing\n\nb.ts\n' }) };
const throwing: Check = { name: 'limits', run: () => Promise.reject(new Error('no image')) };

const report = async (checks: readonly Check[]) => {
  const lines: string[] = [];
  const passed = await runChecks(checks, (line) => lines.push(line));
  return { passed, lines };
};

describe('runChecks', () => {
  it('prints one line with a time for a check that passes, and none of its output', async () => {
    const { passed, lines } = await report([passing, passing]);
    expect(passed).toBe(true);
    expect(lines).toEqual([expect.stringMatching(/^ok {6}types +\d+\.\d s$/), expect.stringMatching(/^ok /)]);
  });

  it('prints the whole output of a check that fails, and goes on', async () => {
    const { passed, lines } = await report([failing, passing]);
    expect(passed).toBe(false);
    expect(lines).toEqual([
      expect.stringMatching(/^FAILED {2}layout +\d+\.\d s$/),
      '  a.ts: is missing\n\n  b.ts\n',
      expect.stringMatching(/^ok {6}types /),
    ]);
  });

  it('takes a check that throws for one that fails', async () => {
    const { passed, lines } = await report([passing, throwing]);
    expect(passed).toBe(false);
    expect(lines[2]).toContain('Error: no image');
  });
});
