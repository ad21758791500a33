import { describe, expect, it } from 'vitest';
import { checkReplayed } from './restore-drill.ts';

describe('checkReplayed', () => {
  it.each([
    ['ended in the newest segment, on a timeline of its own', '000000020000000000000005', '000000010000000000000005'],
    ['went further, because more was archived meanwhile', '000000020000000000000006', '000000010000000000000005'],
    ['passed a boundary of log files', '000000020000000100000000', '0000000100000000000000FF'],
    ['had nothing to replay', undefined, undefined],
  ])('accepts a replay that %s', (_, replayed, newest) => {
    expect(() => checkReplayed(replayed, newest)).not.toThrow();
  });

  it.each([
    ['ended a segment early', '000000020000000000000004', '000000010000000000000005'],
    ['ended a log file early', '0000000200000000000000FF', '000000010000000100000000'],
    ['never began', undefined, '000000010000000000000005'],
  ])('refuses a replay that %s', (_, replayed, newest) => {
    expect(() => checkReplayed(replayed, newest)).toThrow(expect.objectContaining({ reason: 'RESTORE_INCOMPLETE' }));
  });
});
