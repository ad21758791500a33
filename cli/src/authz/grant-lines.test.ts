import { GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { describe, expect, it } from 'vitest';
import { formatGrant, readGrant } from './grant-lines.ts';

const USER = '018f4d5e-1111-7abc-8def-0123456789ab';
const line = (more: object) => JSON.stringify({ user_id: USER, role: 'porter', ...more });
const problemOf = (text: string) => {
  const read = readGrant(text);
  return read.grant === undefined ? read.problem : undefined;
};

describe('the line of a grant', () => {
  it.each([
    ['a reason with U+2028', { reason: 'one\u2028two\u2029three\u0085four' }],
    ['a thousand foxes', { reason: '🦊'.repeat(1_000) }],
    ['a scope that is percent-encoded', { scope: 'document/https:%2F%2Fexample.com%2F' }],
    ['the last time there is', { valid_until: '9999-12-31T23:59:59.999Z' }],
    ['the first time there is', { valid_from: '0001-01-01T00:00:00.000Z' }],
  ])('may have %s, and is written so that it is read again', (_what, more) => {
    const { grant } = readGrant(line(more));
    expect(grant).toMatchObject({ userId: USER });
    if (!grant) throw new Error('There is no grant.');
    const again = formatGrant(grant);
    expect(again).not.toMatch(/[\u2028\u2029\n\r]/);
    expect(JSON.parse(again)).toEqual({ user_id: USER, role: 'porter', ...more });
    expect(readGrant(again)).toEqual({ grant });
  });

  it.each([
    ['nothing', '', 'The line is not JSON.'],
    ['half of one', '{"user_id":', 'The line is not JSON.'],
    ['two of them', `${line({})}\r${line({})}`, 'The line is not JSON.'],
    ['a mark in the middle', `\ufeff${line({})}`, 'The line is not JSON.'],
    ['a key twice', line({}).replace('{', '{"role":"absent",'), 'The line names a key twice.'],
    ['a key in two spellings', line({}).replace('{', '{"r\\u006fle":"absent",'), 'The line names a key twice.'],
    ['much nesting', `${'['.repeat(40)}${']'.repeat(40)}`, 'The line is nested too deep.'],
    ['a list', '[]', 'The grant is not valid: '],
    ['a key of the prototype', line({}).replace('{', '{"__proto__":{},'), 'The grant is not valid: '],
    ['another such key', line({ constructor: 'x' }), 'The grant is not valid: '],
    ['U+0000 in its reason', line({ reason: 'a\0b' }), 'The grant is not valid: reason has to be text'],
    [
      'half a character',
      line({}).replace('{', '{"reason":"\\ud800",'),
      'The line has a text with half of a surrogate pair',
    ],
    ['U+0000 in its condition', line({ condition: '"\0" == ""' }), 'The grant is not valid: condition '],
    ['too long a reason', line({ reason: '🦊'.repeat(1_001) }), 'The grant is not valid: reason has to have at most'],
    [
      'a day that is none',
      line({ valid_until: '2099-02-30T00:00:00Z' }),
      'The grant is not valid: valid_until has to be',
    ],
    [
      'a time that is none',
      line({ valid_from: '2099-12-31T24:00:00Z' }),
      'The grant is not valid: valid_from has to be',
    ],
    [
      'a time without a zone',
      line({ valid_from: '2099-01-01T00:00:00' }),
      'The grant is not valid: valid_from has to be',
    ],
    [
      'a time after the last',
      line({ valid_until: '9999-12-31T23:59:59-12:00' }),
      'The grant is not valid: valid_until has',
    ],
    ['a time that is a number', line({ valid_until: 7 }), 'The grant is not valid: valid_until '],
    ['a scope that is none', line({ scope: 'tenant/%' }), 'The grant is not valid: scope has to be pairs'],
  ])('may not be %s', (_what, text, problem) => {
    expect(problemOf(text)).toMatch(new RegExp(`^${problem.replaceAll('.', '\\.')}`));
  });

  it('says what every key that it has means', () => {
    expect(readGrant(line({ status: 'pending', valid_from: '2026-01-01T00:00+01:00' }))).toEqual({
      grant: {
        userId: USER,
        role: { $case: 'roleName', value: 'porter' },
        scope: '',
        validFrom: new Date('2025-12-31T23:00:00Z'),
        validUntil: undefined,
        condition: '',
        reason: '',
        status: GrantStatus.GRANT_STATUS_PENDING,
      },
    });
  });
});
