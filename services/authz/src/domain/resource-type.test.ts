import { expect, it } from 'vitest';
import { liesBelow, typeOf } from './resource-type.ts';

it.each([
  ['', 'project', false],
  ['tenant/7', 'project', false],
  ['project/4', 'project', false],
  ['tenant/7/project/4', 'project', false],
  ['tenant/7/project/4/file/1', 'project', true],
  ['tenant/project/file/1', 'project', false],
  ['tenant/7/project/4/file/1', 'file', false],
  ['tenant/7/project/4', '', false],
  ['folder/1/folder/2', 'folder', false],
  ['folder/1/file/2/folder/3', 'folder', false],
  ['folder/1/folder/2/file/3', 'folder', true],
])('"%s" lies below a resource of the type "%s": %s', (scope, type, expected) => {
  expect(liesBelow(scope, type)).toBe(expected);
});

it.each([
  ['', ''],
  ['tenant/7', 'tenant'],
  ['tenant/7/project/4', 'project'],
])('"%s" names a resource of the type "%s"', (scope, type) => {
  expect(typeOf(scope)).toBe(type);
});
