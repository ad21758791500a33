import { propertyRuns } from '@gatehouse/testing/chance';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatPolicy, type PolicyContent } from './format-policy.ts';
import { locateIn } from './locate.ts';
import { parsePolicy } from './parse-policy.ts';

const denial = (permission: string, condition = '') => ({ permission, condition });
const CONTENT: PolicyContent = {
  permissions: [
    { name: '*:*', description: 'Everything: "all" of it', category: '', isDangerous: true, condition: 'true' },
    { name: 'a:b', description: '', category: '', isDangerous: false, condition: '' },
  ],
  roles: [
    { name: '1e3', description: 'no', parent: 'null', permissions: ['*:*', 'a:b'], deny: [] },
    {
      name: 'null',
      description: 'two\nlines',
      parent: '',
      permissions: [],
      deny: [denial('a:b'), denial('*:*', 'context.x == "y"')],
    },
    { name: '7', description: '', parent: '', permissions: [], deny: [] },
  ],
  exclusions: [{ roles: ['7', 'null'], reason: '' }],
};
const FILE = `version: 1
permissions:
  "*:*":
    description: 'Everything: "all" of it'
    dangerous: true
    condition: "true"
  a:b:
roles:
  "1e3":
    description: no
    parent: "null"
    permissions:
      - "*:*"
      - a:b
  "null":
    description: |-
      two
      lines
    deny:
      - a:b
      - permission: "*:*"
        condition: context.x == "y"
  "7":
exclusions:
  - roles:
      - "7"
      - "null"
`;

/** What a file says, as it would be formatted; roles in the order of their names. */
function contentOf(text: string): PolicyContent {
  const { policy, problems } = parsePolicy(text);
  if (!policy) throw new Error(JSON.stringify(problems));
  return {
    permissions: [...policy.permissions.values()].map((each) => ({
      ...each,
      condition: each.condition?.source ?? '',
    })),
    roles: [...policy.roles.values()]
      .map(({ parent = '', deny, ...each }) => ({
        ...each,
        parent,
        deny: deny.map(({ permission, condition }) => denial(permission, condition?.source)),
      }))
      .sort(byName),
    exclusions: policy.exclusions,
  };
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

it('formats what the parser reads back', () => {
  expect(formatPolicy(CONTENT)).toBe(FILE);
  expect(contentOf(FILE)).toEqual({ ...CONTENT, roles: [...CONTENT.roles].sort(byName) });
});

it('formats an empty policy', () => {
  expect(formatPolicy({ permissions: [], roles: [], exclusions: [] })).toBe('version: 1\n');
});

it('formats any text so that it is read back', () => {
  const text = fc.string({ unit: 'binary', maxLength: 30 });
  const odd = fc.constantFrom(
    '~',
    'yes',
    '0x1f',
    '.inf',
    '- a',
    '# b',
    'a: b',
    ' c',
    'd ',
    '\r\n',
    '\t',
    '\u0085',
    '|',
    '%x',
    '---',
    '...',
  );
  fc.assert(
    fc.property(fc.oneof(text, odd), fc.oneof(text, odd), (description, reason) => {
      fc.pre(description.isWellFormed() && reason.isWellFormed());
      const content: PolicyContent = {
        permissions: [{ name: 'a:b', description, category: '', isDangerous: false, condition: '' }],
        roles: ['r', 's'].map((name) => ({ name, description, parent: '', permissions: ['a:b'], deny: [] })),
        exclusions: [{ roles: ['r', 's'], reason }],
      };
      expect(contentOf(formatPolicy(content))).toEqual(content);
    }),
    propertyRuns(500),
  );
});

it('tells where something stands, or what holds it', () => {
  const placeOf = locateIn(FILE);
  const at = (...path: (string | number)[]) => Object.values(placeOf(path)).join(':');
  expect(at('permissions', '*:*', 'condition')).toBe('6:16');
  expect(at('roles', '1e3', 'parent')).toBe('11:13');
  expect(at('roles', '1e3', 'permissions', 1)).toBe('14:9');
  expect(at('roles', '1e3', 'deny', 4)).toBe('9:3');
  expect(at('roles', 'null', 'deny', 1, 'condition')).toBe('22:20');
  expect(at('roles', '7')).toBe('23:3');
  expect(at('exclusions', 0)).toBe('25:5');
  expect(at('nothing')).toBe('1:1');
});
