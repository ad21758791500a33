import { expect, it } from 'vitest';
import { liesBelow } from './resource-type.ts';

it.each([
  ['', 'project', false],
  ['tenant/7', 'project', false],
  ['project/4', 'project', false],
  ['tenant/7/project/4', 'project', false],
  ['tenant/7/project/4/file/1', 'project', true],
  ['tenant/project/file/1', 'project', false],
  ['tenant/7/project/4/file/1', 'file', false],
  ['tenant/7/project/4', '', false],
])('"%s" lies below a resource of the type "%s": %s', (scope, type, expected) => {
  expect(liesBelow(scope, type)).toBe(expected);
});
