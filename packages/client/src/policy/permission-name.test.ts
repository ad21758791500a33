import { expect, it } from 'vitest';
import { canonicalPermission, isHeldPermission, isPermission, splitPermission } from './permission-name.ts';

it.each([
  'documents:read',
  'a:b',
  '1.a-b_c:9',
  'route:GET',
  '_Todo:canRead~',
  'bucket:s3%3AGetObject',
  'caf%C3%A9:%2A',
  `${'a'.repeat(128)}:${'b'.repeat(128)}`,
])('%s can be asked for and held', (name) => {
  expect(isPermission(name)).toBe(true);
  expect(canonicalPermission(name)).toBe(name);
  expect(isHeldPermission(name)).toBe(true);
});

it.each(['*:read', 'documents:*', '*:*'])('%s can be held and not be asked for', (name) => {
  expect(isPermission(name)).toBe(false);
  expect(isHeldPermission(name)).toBe(true);
});

it.each([
  ['a:%62', 'a:b'],
  ['%7Ea:x%2dy', '~a:x-y'],
  ['a:s3%3agetObject', 'a:s3%3AgetObject'],
])('%s is asked for as %s, and can be held as that alone', (name, one) => {
  expect(canonicalPermission(name)).toBe(one);
  expect(isHeldPermission(name)).toBe(false);
  expect(isHeldPermission(one)).toBe(true);
});

it.each([
  '',
  ':',
  'a',
  'a:',
  ':b',
  'a:b:c',
  'a:b ',
  'a:b\n',
  'a*:b',
  '**:b',
  'a:%',
  'a:%4',
  'a:%zz',
  'a%00:b',
  'é:b',
  `${'a'.repeat(129)}:b`,
])('%j is no permission', (name) => {
  expect(isPermission(name)).toBe(false);
  expect(isHeldPermission(name)).toBe(false);
});

it('comes apart at its colon', () => {
  expect(splitPermission('documents:read')).toEqual({ resource: 'documents', action: 'read' });
});
