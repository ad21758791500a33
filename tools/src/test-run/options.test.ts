import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

describe('the command line of npm test', () => {
  it.each([
    ['nothing', [], { changedSince: undefined, filters: [] }],
    ['a path', ['services/session'], { changedSince: undefined, filters: ['services/session'] }],
    ['a change since main', ['--changed'], { changedSince: 'origin/main', filters: [] }],
    ['a change since a commit', ['--changed', 'abc123'], { changedSince: 'abc123', filters: [] }],
    ['a change since a commit, joined', ['--changed=v1'], { changedSince: 'v1', filters: [] }],
    [
      'a change, before another option',
      ['--changed', '--project', 'unit'],
      { changedSince: 'origin/main', filters: [] },
    ],
  ])('reads %s', (_what, args, expected) => {
    expect(readOptions(args)).toMatchObject(expected);
  });

  it('runs every tier but soak unless one is named', () => {
    expect(readOptions([]).vitest.project).toEqual(['unit', 'service', 'mesh', 'faults']);
    expect(readOptions(['--project', 'soak']).vitest.project).toEqual(['soak']);
  });

  it('leaves what it does not know to vitest', () => {
    expect(readOptions(['-t', 'tampered']).vitest.testNamePattern).toBe('tampered');
    expect(() => readOptions(['--no-such-option'])).toThrow('Unknown option');
  });
});
