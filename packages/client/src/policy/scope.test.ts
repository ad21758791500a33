import { describe, expect, it } from 'vitest';
import { covers, isScope, SCOPE_CHARACTERS_MAX, scopesOver } from './scope.ts';

const pairs = (count: number) => Array.from({ length: count }, (_, index) => `t/${index}`).join('/');

describe('a scope', () => {
  it.each([
    '',
    'tenant/7',
    'tenant/7/project/42',
    'a.b_c-d/A.b:c@d-_',
    `tenant/${'x'.repeat(128)}`,
    `${'t'.repeat(63)}/1`,
    pairs(8),
  ])('may be %j', (text) => {
    expect(isScope(text)).toBe(true);
  });

  it.each([
    'tenant',
    'tenant/',
    '/tenant/7',
    'tenant/7/',
    'tenant/7/project',
    'tenant//7',
    'Tenant/7',
    'tenant/-7',
    'tenant/*',
    'tenant/7\n',
    '../7',
    `tenant/${'x'.repeat(129)}`,
    `${'t'.repeat(64)}/1`,
    pairs(9),
    Array.from({ length: 8 }, (_, index) => `t${index}/${'x'.repeat(80)}`).join('/'),
  ])('may not be %j', (text) => {
    expect(isScope(text)).toBe(false);
  });

  it('is judged quickly, however long the text', () => {
    const startedMs = performance.now();
    expect(isScope('a/a/'.repeat(1_000_000))).toBe(false);
    expect(isScope('a/a/'.repeat(SCOPE_CHARACTERS_MAX / 4))).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});

describe('covers', () => {
  it.each([
    ['', '', true],
    ['', 'tenant/7', true],
    ['tenant/7', 'tenant/7', true],
    ['tenant/7', 'tenant/7/project/42', true],
    ['tenant/7', 'tenant/7/project/42/page/1', true],
    ['tenant/7', '', false],
    ['tenant/7', 'tenant/70', false],
    ['tenant/7', 'tenant/70/project/42', false],
    ['tenant/7', 'tenant/8', false],
    ['tenant/7/project/42', 'tenant/7', false],
    ['tenant/7/project/42', 'tenant/7/project/4', false],
    ['project/42', 'tenant/7/project/42', false],
  ])('%j over %j: %s', (scope, resource, expected) => {
    expect(covers(scope, resource)).toBe(expected);
    expect(scopesOver(resource).includes(scope)).toBe(expected);
  });
});

it('scopesOver goes from everywhere to the resource itself', () => {
  expect(scopesOver('')).toEqual(['']);
  expect(scopesOver('tenant/7/project/42')).toEqual(['', 'tenant/7', 'tenant/7/project/42']);
});
