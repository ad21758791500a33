import { describe, expect, it } from 'vitest';
import { pageTokens } from './page-token.ts';

const PARTS = [/^[a-z/]*$/, /^\d+$/];
const tokens = pageTokens(['List', 'somebody'], PARTS);
const invalid = expect.objectContaining({ kind: 'invalid', reason: 'PAGE_TOKEN_INVALID' });

describe('page tokens', () => {
  it.each([[['a/b', '1']], [['', '0']]])('lead back to the position that they were made of: %j', (position) => {
    expect(tokens.parse(tokens.format(position))).toEqual(position);
    expect(tokens.parse('')).toBeUndefined();
  });

  it.each([
    ['of another listing', pageTokens(['List', 'somebody else'], PARTS).format(['a', '1'])],
    ['of a listing that reads the same when it is joined', pageTokens(['Listsomebody'], PARTS).format(['a', '1'])],
    ['with fewer parts', tokens.format(['a'])],
    ['with more parts', tokens.format(['a', '1', '2'])],
    ['with a part of another form', tokens.format(['a', 'b'])],
    ['spelled in another way', `${tokens.format(['a', '1'])}=`],
    ['cut short', tokens.format(['a', '1']).slice(0, 20)],
    ['that is none', 'next'],
  ])('are refused when one is %s', (_what, token) => {
    expect(() => tokens.parse(token)).toThrow(invalid);
  });
});
