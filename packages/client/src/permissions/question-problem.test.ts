import { describe, expect, it } from 'vitest';
import type { PermissionContext, PermissionQuestion } from './permission-question.ts';
import { questionProblem } from './question-problem.ts';

const QUESTION = { userId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1', permission: 'documents:read' };
const withAttributes = (attributes: unknown) => ({ ...QUESTION, context: { attributes } as PermissionContext });
const nested = (depth: number): unknown => (depth === 0 ? 1 : { in: nested(depth - 1) });
const wide = (values: number) => Object.fromEntries(Array.from({ length: values }, (_, index) => [`k${index}`, 1]));

describe('a question is well-formed', () => {
  it.each<[string, PermissionQuestion]>([
    ['with nothing but who and what', QUESTION],
    ['with a resource', { ...QUESTION, resource: 'tenant/7/project/42' }],
    ['with no resource', { ...QUESTION, resource: '' }],
    [
      'with a whole context',
      {
        ...QUESTION,
        context: {
          ip: '2001:db8::1',
          authenticationLevel: 255,
          resourceAttributes: { owner: 'x', tags: ['a', null] },
          attributes: {},
        },
      },
    ],
    ['with an address as a socket tells it', { ...QUESTION, context: { ip: 'fe80::1%eth0' } }],
    ['with an address and its port', { ...QUESTION, context: { ip: '[::ffff:10.1.2.3]:443' } }],
    ['with as many values as may be', withAttributes(wide(256))],
    ['as deep as may be', withAttributes(nested(8))],
    ['with characters of two units', withAttributes({ k: '😀'.repeat(1_024) })],
    ['with keys that objects have', withAttributes(JSON.parse('{"__proto__": 1, "constructor": {"toString": 2}}'))],
    ['with an object without a prototype', withAttributes(Object.assign(Object.create(null), { a: 1 }))],
  ])('%s', (_what, question) => {
    expect(questionProblem(question)).toBeUndefined();
  });
});

describe('a question is refused', () => {
  it.each<[string, string, PermissionQuestion]>([
    ['user_id', 'in upper case', { ...QUESTION, userId: QUESTION.userId.toUpperCase() }],
    ['user_id', 'that is none', { ...QUESTION, userId: 'somebody' }],
    ['user_id', 'that is no text', { ...QUESTION, userId: 7 as unknown as string }],
    ['permission', 'with a wildcard', { ...QUESTION, permission: 'documents:*' }],
    ['permission', 'that is none', { ...QUESTION, permission: 'documents' }],
    ['resource', 'of half a pair', { ...QUESTION, resource: 'tenant' }],
    ['resource', 'with a slash at its end', { ...QUESTION, resource: 'tenant/7/' }],
    ['context.ip', 'that is none', { ...QUESTION, context: { ip: '10.0.0' } }],
    ['context.ip', 'with a prefix length', { ...QUESTION, context: { ip: '10.0.0.0/8' } }],
    ['context.authentication_level', 'of a part', { ...QUESTION, context: { authenticationLevel: 1.5 } }],
    ['context.authentication_level', 'too high', { ...QUESTION, context: { authenticationLevel: 256 } }],
    ['context.attributes', 'that are a list', withAttributes([])],
    ['context.attributes', 'with too many values', withAttributes(wide(257))],
    ['context.attributes', 'that are too deep', withAttributes(nested(9))],
    ['context.attributes', 'with a text too long', withAttributes({ k: 'x'.repeat(1_025) })],
    ['context.attributes', 'with a key too long', withAttributes({ ['x'.repeat(1_025)]: 1 })],
    ['context.attributes', 'with U+0000', withAttributes({ k: 'a\0b' })],
    ['context.attributes', 'with half a character', withAttributes({ k: 'a\ud800' })],
    ['context.attributes', 'with half a character in a key', withAttributes({ '\udc00': 1 })],
    ['context.attributes', 'with what is no number', withAttributes({ k: Number.NaN })],
    ['context.attributes', 'with a bigint', withAttributes({ k: 1n })],
    ['context.attributes', 'with a Date', withAttributes({ k: new Date(0) })],
    ['context.attributes', 'with undefined', withAttributes({ k: undefined })],
    // biome-ignore lint/suspicious/noSparseArray: that is what is tried.
    ['context.attributes', 'with a hole in a list', withAttributes({ k: [1, , 2] })],
    [
      'context.resource_attributes',
      'with a function',
      {
        ...QUESTION,
        context: { resourceAttributes: { k: () => 1 } },
      },
    ],
  ])('for a %s %s', (field, _what, question) => {
    expect(questionProblem(question)?.field).toBe(field);
  });
});
