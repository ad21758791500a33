import { expect, it } from 'vitest';
import { inMessages } from './in-messages.ts';

it('spreads items over messages by number and by size, and says which is the last', () => {
  const limits = { itemsMax: 3, bytesMax: 100 };
  const spread = (items: readonly unknown[]) =>
    [...inMessages(items, limits)].map(({ items: each, isLast }) => [each.length, isLast]);
  expect(spread([])).toEqual([[0, true]]);
  expect(spread([1, 2, 3])).toEqual([[3, true]]);
  expect(spread([1, 2, 3, 4])).toEqual([
    [3, false],
    [1, true],
  ]);
  expect(spread(['x'.repeat(60), 'y'.repeat(60), { a: ['é'.repeat(200)] }, 'z'])).toEqual([
    [1, false],
    [1, false],
    [1, false],
    [1, true],
  ]);
});
