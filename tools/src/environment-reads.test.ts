import { describe, expect, it } from 'vitest';
import { readEnvironmentReads } from './environment-reads.ts';
import { tokenize } from './tokens.ts';

const linesIn = (source: string) => readEnvironmentReads(tokenize(source));

describe('readEnvironmentReads', () => {
  it.each([
    'process.env',
    'process.env.HOME',
    'process?.env',
    "process['env']",
    "process?.['env']",
    'globalThis.process.env',
    'const { env } = process;',
    'const { argv, env: e } = process',
    'const p = process;',
    'import.meta.env.MODE',
  ])('finds the read in %s', (source) => {
    expect(linesIn(source)).toEqual([1]);
  });

  it.each([
    'process.argv',
    'const at = process.hrtime()',
    'const handler = process["on"]',
    '// process.env',
    "'process.env'",
    'const process = startProcess()',
    'const left = process(job)',
    'parseConfig(schema, env)',
    'deps.env',
  ])('finds none in %s', (source) => {
    expect(linesIn(source)).toEqual([]);
  });

  it('gives each line once', () => {
    expect(linesIn('a;\nprocess.env.A + process.env.B;\nprocess.env;')).toEqual([2, 3]);
  });
});
