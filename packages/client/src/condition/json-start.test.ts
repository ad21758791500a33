import { expect, it } from 'vitest';
import { jsonStart } from './json-start.ts';

const MAX = 40;

it.each([
  null,
  true,
  -1.5,
  'a "quoted" \\ text\n',
  [],
  {},
  [1, [2, { a: [] }], 'x'],
  { a: { b: null }, __proto__: 1, c: undefined },
  JSON.parse('{"__proto__":{"constructor":1}}'),
  new Date(0),
  Number.NaN,
  'x'.repeat(MAX - 2),
  'x'.repeat(MAX - 1),
  '\\'.repeat(100),
  '🦊'.repeat(100),
  { ['k'.repeat(100)]: 1 },
  Array.from({ length: 100 }, (_, at) => at),
])('begins as JSON.stringify does: %j', (value) => {
  const whole = JSON.stringify(value);
  expect(jsonStart(value, MAX)).toBe(whole.length > MAX ? `${whole.slice(0, MAX)}…` : whole);
});

it('says that nothing was given, and takes a bigint for a number', () => {
  expect(jsonStart(undefined, MAX)).toBe('(not given)');
  expect(jsonStart({ a: 2n ** 63n }, MAX)).toBe('{"a":9223372036854775808}');
});

it('reads no more of a value than it shows, however deep, wide or long that is', () => {
  let read = 0;
  const counted = new Proxy(Array.from({ length: 1_000 }), {
    get: (items, key) => {
      if (key !== 'length') read += 1;
      return key === 'length' ? items.length : 'x';
    },
  });
  expect(jsonStart([counted, counted], MAX)).toBe(`${JSON.stringify([Array(100).fill('x')]).slice(0, MAX)}…`);
  expect(read).toBeLessThanOrEqual(MAX);

  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level += 1) deep = [deep];
  expect(jsonStart(deep, MAX)).toBe(`${'['.repeat(MAX)}…`);
});
