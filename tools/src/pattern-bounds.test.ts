import { describe, expect, it } from 'vitest';
import { isBoundedPattern, patternError } from './pattern-bounds.ts';

describe('isBoundedPattern', () => {
  it.each(['[a-z0-9]{1,16}', 'a?b', '[*+]{2}', '\\*\\+', '(?:a|b){0,3}', '[\\]*]', '\\{1,\\}'])(
    'says that %s is',
    (pattern) => {
      expect(isBoundedPattern(pattern)).toBe(true);
    },
  );

  it.each(['', 'a*', 'a+', 'a{2,}', '(?:a{1,3})+', '[a-z]+?', '(', '\\\\*'])('says that %s is not', (pattern) => {
    expect(isBoundedPattern(pattern)).toBe(false);
  });
});

describe('patternError', () => {
  it('accepts what compiles and explains what does not', () => {
    expect(patternError('\\p{L}{1,8}')).toEqual([]);
    expect(patternError('a)(b')).toEqual([expect.stringContaining('Invalid regular expression')]);
    expect(patternError('\\p{Nonsense}')).toHaveLength(1);
  });
});
