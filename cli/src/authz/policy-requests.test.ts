import { parsePolicy } from '@gatehouse/client/policy-file';
import { expect, it } from 'vitest';
import { pathOf, toRequests } from './policy-requests.ts';

const { policy } = parsePolicy(`version: 1
permissions: { a:b: , c:d: , e:f: }
roles:
  child: { parent: top, permissions: [a:b] }
  top:
    deny:
      - a:b
      - { permission: c:d, condition: context.c }
      - { permission: e:f, condition: context.e }
`);

it('sends denials as names, and the conditions of those that have one', () => {
  if (!policy) throw new Error('The file is wrong.');
  const [request] = [...toRequests(policy, { dryRun: false, prune: false })];
  expect(
    request?.policy?.roles.map(({ name, deniedPermissions, denialConditions }) => [
      name,
      deniedPermissions,
      denialConditions,
    ]),
  ).toEqual([
    [
      'top',
      ['a:b', 'c:d', 'e:f'],
      [
        { permission: 'c:d', condition: 'context.c' },
        { permission: 'e:f', condition: 'context.e' },
      ],
    ],
    ['child', [], []],
  ]);
});

it.each([
  ['policy.roles[0].denied_permissions[1]', ['roles', 'top', 'deny', 1]],
  ['policy.roles[0].denial_conditions[1].condition', ['roles', 'top', 'deny', 2, 'condition']],
  ['policy.roles[0].denial_conditions[0]', ['roles', 'top', 'deny', 1]],
  ['policy.roles[0].denial_conditions[2]', ['roles', 'top', 'deny']],
  ['policy.roles[1].parent', ['roles', 'child', 'parent']],
  ['policy.permissions[2].is_dangerous', ['permissions', 'e:f', 'dangerous']],
  ['policy.elsewhere', undefined],
])('finds %s in the file', (place, path) => {
  expect(policy && pathOf(policy, place)).toEqual(path);
});
