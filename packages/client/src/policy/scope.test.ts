import { describe, expect, it } from 'vitest';
import { canonicalScope, covers, isScope, SCOPE_CHARACTERS_MAX, scopesOver } from './scope.ts';

const pairs = (count: number) => Array.from({ length: count }, (_, index) => `t/${index}`).join('/');

describe('a scope', () => {
  it.each([
    '',
    'tenant/7',
    'tenant/7/project/42',
    'a.b_c-d/A.b:c@d-_',
    `tenant/${'x'.repeat(256)}`,
    `${'t'.repeat(128)}/1`,
    'Tenant/-7',
    "file/o'neil(1)+a=b,c;d&e!$",
    'document/https%3A%2F%2Fexample.com%2Fa',
    'route/%2Ftodos/item/100%25',
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
    'ten ant/7',
    'tenant/a b',
    'tenant/%',
    'tenant/%4/a/1',
    'tenant/a%00',
    'tenant/*',
    'tenant/7\n',
    'tenant/é',
    'ten:ant/7',
    `tenant/${'x'.repeat(257)}`,
    `${'t'.repeat(129)}/1`,
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

it.each([
  ['', ''],
  ['tenant/7', 'tenant/7'],
  ['document/a%2fb', 'document/a%2Fb'],
  ['document/alice%40example.com', 'document/alice@example.com'],
  ['d%6Fcument/%31/page/%3a%2A', 'document/1/page/:%2A'],
  ['a%3ab/1', 'a%3Ab/1'],
])('%j has the one form %j', (text, one) => {
  expect(canonicalScope(text)).toBe(one);
  expect(canonicalScope(one)).toBe(one);
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
