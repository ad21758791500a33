import { describe, expect, it } from 'vitest';
import { toOpaqueString } from './opaque-string.ts';

describe('toOpaqueString', () => {
  it.each([
    ['keeps case and ASCII', 'Correct HORSE', 'Correct HORSE'],
    ['keeps spaces at both ends', ' a b ', ' a b '],
    ['maps other spaces to a space', 'a\u{a0}b\u{3000}c\u{2003}d', 'a b c d'],
    ['composes what looks alike', 'Bru\u{308}cke', 'Br\u{fc}cke'],
    ['keeps compatibility characters apart', '\u{fb01}n', '\u{fb01}n'],
  ])('%s', (_, typed, compared) => {
    expect(toOpaqueString(typed)).toBe(compared);
  });

  it.each(['\0', '\n', '\t', '\u{7f}', '\u{85}'])('refuses the control character %j', (control) => {
    expect(() => toOpaqueString(`pass${control}word`)).toThrowError(
      expect.objectContaining({
        kind: 'invalid',
        reason: 'FIELD_INVALID',
        fields: [expect.objectContaining({ field: 'password' })],
      }),
    );
  });
});
