import { describe, expect, it } from 'vitest';
import { parsePolicy, parseSettings, type Setting } from './edge-policy.ts';

describe('parsePolicy', () => {
  it('is the strictest when nothing is set', () => {
    expect(parsePolicy([])).toMatchObject({
      anonymous: false,
      minLevel: 1,
      permission: undefined,
      resource: '',
      audience: '',
      csrf: 'same-origin',
      headers: [],
    });
  });

  it('reads every setting', () => {
    const policy = parsePolicy([
      ['anonymous', 'deny'],
      ['min_level', '3'],
      ['permission', 'projects:read'],
      ['resource', 'tenant/7/project/42'],
      ['audience', 'https://orders.example.com'],
      ['csrf', 'same-site'],
      ['header.x-tenant', 'acme & co'],
    ]);
    expect(policy).toMatchObject({
      anonymous: false,
      minLevel: 3,
      permission: 'projects:read',
      audience: 'https://orders.example.com',
      csrf: 'same-site',
      headers: [['x-tenant', 'acme & co']],
    });
    expect([...policy.set.names]).toEqual(expect.arrayContaining(['x-tenant', 'x-auth-subject']));
    expect([...policy.setForNobody.names]).toEqual(['x-tenant']);
  });

  it('takes names and ids as authz has them', () => {
    const named = { permission: 'route:GET', resource: 'Route/%2ftodos/file/arn:aws:s3:::b%2Fk' };
    expect(parsePolicy(Object.entries(named))).toMatchObject(named);
  });

  it.each<[string, Setting[]]>([
    ['a permission with a stray percent sign', [['permission', 'projects:%2']]],
    [
      'a resource with an encoded U+0000',
      [
        ['permission', 'projects:read'],
        ['resource', 'tenant/a%00'],
      ],
    ],
    ['an unknown key', [['min-level', '2']]],
    ['a key in another case', [['Anonymous', 'allow']]],
    ['a key of every object', [['constructor', 'allow']]],
    ['a value of every object', [['csrf', 'constructor']]],
    [
      'a key twice',
      [
        ['csrf', 'off'],
        ['csrf', 'on'],
      ],
    ],
    ['a truth of another kind', [['anonymous', 'true']]],
    ['a level that there is not', [['min_level', '4']]],
    ['a level with a space', [['min_level', ' 2']]],
    ['an empty level', [['min_level', '']]],
    ['a permission with a wildcard', [['permission', 'projects:*']]],
    ['a permission without an action', [['permission', 'projects']]],
    ['a resource without a permission', [['resource', 'tenant/7']]],
    [
      'half a resource',
      [
        ['permission', 'projects:read'],
        ['resource', 'tenant'],
      ],
    ],
    [
      'too long a resource',
      [
        ['permission', 'projects:read'],
        ['resource', `tenant/${'7'.repeat(128)}/a/${'7'.repeat(128)}/b/${'7'.repeat(128)}/c/${'7'.repeat(128)}`],
      ],
    ],
    ['an audience with a space', [['audience', 'a b']]],
    ['an identity header', [['header.x-auth-subject', 'root']]],
    ['another spelling of one', [['header.x_auth_roles', 'root']]],
    ['any name under the prefix', [['header.x-auth-roles', 'root']]],
    ['the cookies', [['header.cookie', 'a=b']]],
    ['a header that frames the message', [['header.content-length', '0']]],
    ['a header without a name', [['header.', 'a']]],
    ['a header name in upper case', [['header.X-Tenant', 'a']]],
    ['a header without a value', [['header.x-tenant', '']]],
    ['a header that would end the line', [['header.x-tenant', 'a\r\nx-evil: b']]],
    ['a header with a letter that is not ASCII', [['header.x-tenant', 'ä']]],
    ['a value that is too long', [['header.x-tenant', 'a'.repeat(1_025)]]],
    ['too many headers', Array.from({ length: 17 }, (_, i): Setting => [`header.x-${i}`, 'a'])],
    ['too many settings', Array.from({ length: 33 }, (_, i): Setting => [`header.x-${i}`, 'a'])],
    [
      'a level that nobody needs',
      [
        ['anonymous', 'allow'],
        ['min_level', '2'],
      ],
    ],
    [
      'a permission that nobody needs',
      [
        ['anonymous', 'allow'],
        ['permission', 'projects:read'],
      ],
    ],
  ])('refuses %s', (_what, settings) => {
    expect(() => parsePolicy(settings)).toThrow(expect.objectContaining({ reason: 'POLICY_INVALID' }));
  });
});

describe('parseSettings', () => {
  it.each<[string, Setting[]]>([
    ['', []],
    ['min_level=2', [['min_level', '2']]],
    [
      'permission=projects:read&csrf=off',
      [
        ['permission', 'projects:read'],
        ['csrf', 'off'],
      ],
    ],
    ['audience=https://orders.example.com/v1', [['audience', 'https://orders.example.com/v1']]],
    ['audience=https:%2F%2Forders.example.com', [['audience', 'https://orders.example.com']]],
    ['header.x-tenant=a%26b%3Dc', [['header.x-tenant', 'a&b=c']]],
    ['header.x-tenant=a+b=c', [['header.x-tenant', 'a+b=c']]],
  ])('reads %s', (text, expected) => {
    expect(parseSettings(text)).toEqual(expected);
  });

  it.each(['anonymous', '=allow', '&', 'csrf=off&', 'csrf=%', 'csrf=%ff'])('refuses %s', (text) => {
    expect(() => parseSettings(text)).toThrow(expect.objectContaining({ reason: 'POLICY_INVALID' }));
  });
});
