import { expect, it } from 'vitest';
import { findBreach } from './exclusions.ts';
import { compileModel, type RoleExclusion } from './model.ts';

const PARENTS: Readonly<Record<string, string | undefined>> = {
  employee: undefined,
  accountant: 'employee',
  auditor: 'employee',
  chief: 'accountant',
  inspector: 'auditor',
};
const BOTH = { roleId: 'accountant', excludedRoleId: 'auditor' };

function model(...exclusions: RoleExclusion[]) {
  const roles = Object.entries(PARENTS).map(([id, parentId]) => ({ id, name: id, parentId, permissions: [] }));
  return compileModel(1n, roles, exclusions);
}

it.each([
  ['both', ['accountant', 'auditor'], BOTH],
  ['both, the other way round', ['auditor', 'employee', 'accountant'], BOTH],
  ['descendants of both', ['chief', 'inspector'], BOTH],
  ['one and a descendant of the other', ['accountant', 'inspector'], BOTH],
  ['one twice', ['accountant', 'accountant', 'chief'], undefined],
  ['one and an ancestor that they share', ['accountant', 'employee'], undefined],
  ['one and what nobody knows', ['accountant', 'unknown'], undefined],
  ['nothing', [], undefined],
])('%s', (_title, roleIds, breach) => {
  expect(findBreach(model(BOTH), roleIds)).toEqual(breach);
});

it('finds a breach inside one role, when the exclusion is between it and its ancestor', () => {
  const exclusion = { roleId: 'employee', excludedRoleId: 'auditor' };
  expect(findBreach(model(exclusion), ['inspector'])).toEqual(exclusion);
  expect(findBreach(model(exclusion), ['employee'])).toBeUndefined();
});

it('names the first of several, and finds none where there are no exclusions', () => {
  const second = { roleId: 'chief', excludedRoleId: 'inspector' };
  expect(findBreach(model(BOTH, second), ['chief', 'inspector'])).toEqual(BOTH);
  expect(findBreach(model(second), ['chief', 'inspector'])).toEqual(second);
  expect(findBreach(model(), ['chief', 'inspector'])).toBeUndefined();
});
