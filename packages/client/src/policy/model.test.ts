import { describe, expect, it } from 'vitest';
import { compileCondition } from '../condition/condition.ts';
import { rulesFor } from './decide.ts';
import { compileModel, type HeldPermission, lineage, type ModelRole, matches } from './model.ts';

const CONDITION = 'request.authentication_level >= 2';

/** `+invoices:read` allows, `-invoices:read` denies, `?` in front of it holds under a condition. */
function held(text: string): HeldPermission {
  const [, unknown, sign, name = ''] = /^(\??)([+-])(.*)$/.exec(text) ?? [];
  const condition = unknown === '?' ? compileCondition(CONDITION) : undefined;
  return { name, effect: sign === '-' ? 'deny' : 'allow', condition };
}

function role(id: string, parentId: string | undefined, ...permissions: string[]): ModelRole {
  return { id, name: id, parentId, permissions: permissions.map(held) };
}

function rulesOf(roles: readonly ModelRole[], roleId: string, permission: string): readonly string[] {
  const closure = compileModel(1n, roles).closure(roleId);
  if (!closure) throw new Error('The model does not know the role.');
  return [...rulesFor(closure, permission)].map(
    ({ effect, condition }) => `${condition ? '?' : ''}${effect === 'allow' ? '+' : '-'}`,
  );
}

describe('a closure', () => {
  it.each([
    ['its own', ['+invoices:read'], 'invoices:read', ['+']],
    ['all actions of a resource', ['+invoices:*'], 'invoices:read', ['+']],
    ['an action on all resources', ['+*:read'], 'invoices:read', ['+']],
    ['everything', ['+*:*'], 'invoices:read', ['+']],
    ['nothing of another resource', ['+payroll:*', '+payroll:read'], 'invoices:read', []],
    ['nothing of another action', ['+*:write', '+invoices:write'], 'invoices:read', []],
    [
      'nothing whose name only begins like it',
      ['+invoice:read', '+invoices:rea', '+invoices:ready'],
      'invoices:read',
      [],
    ],
    ['both effects', ['+invoices:read', '-invoices:*'], 'invoices:read', ['+', '-']],
    ['conditions', ['?+invoices:read', '?-*:*'], 'invoices:read', ['?+', '?-']],
    ['nothing by the names of objects', ['+invoices:read'], 'constructor:__proto__', []],
  ])('holds %s', (_title, permissions, permission, expected) => {
    expect(rulesOf([role('a', undefined, ...permissions)], 'a', permission)).toEqual(expected);
  });

  it('holds what its ancestors hold, and its descendants nothing for it', () => {
    const roles = [
      role('top', undefined, '+invoices:read', '-payroll:*'),
      role('middle', 'top', '+invoices:write', '?+payroll:read'),
      role('bottom', 'middle', '+*:approve'),
    ];
    expect(rulesOf(roles, 'bottom', 'invoices:read')).toEqual(['+']);
    expect(rulesOf(roles, 'bottom', 'payroll:read')).toEqual(['?+', '-']);
    expect(rulesOf(roles, 'bottom', 'invoices:approve')).toEqual(['+']);
    expect(rulesOf(roles, 'top', 'invoices:write')).toEqual([]);
    expect([...lineage(compileModel(1n, roles), 'bottom')].map(({ id }) => id)).toEqual(['bottom', 'middle', 'top']);
  });

  it('is plain while nothing in it or above it denies or has a condition', () => {
    const model = compileModel(1n, [
      role('plain', undefined, '+a:b'),
      role('denying', 'plain', '-a:c'),
      role('below', 'denying', '+a:d'),
      role('conditional', 'plain', '?+a:b'),
    ]);
    expect(['plain', 'denying', 'below', 'conditional'].map((id) => model.closure(id)?.isPlain)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(model.denies).toBe(true);
    expect(compileModel(1n, [role('a', undefined, '?+a:b')]).denies).toBe(false);
  });

  it('shares what its parent holds where it adds nothing', () => {
    const model = compileModel(1n, [role('a', undefined, '+x:y', '+*:z', '?-q:*'), role('b', 'a', '+x:y', '+x:w')]);
    const [parent, child] = [model.closure('a'), model.closure('b')];
    expect(child?.names).not.toBe(parent?.names);
    expect(child?.names.get('x:y')).toBe(parent?.names.get('x:y'));
    expect(child?.actions).toBe(parent?.actions);
    expect(child?.resources).toBe(parent?.resources);
    expect(child?.everything).toBe(parent?.everything);
    expect(model.closure('b')).toBe(child);
  });

  it('holds a rule once, and as another one what has another condition', () => {
    const other: HeldPermission = { name: 'x:y', effect: 'allow', condition: compileCondition('request.ip != ""') };
    const roles = [role('a', undefined, '+x:y', '?+x:y'), role('b', 'a', '?+x:y', '+x:y', '-x:y')];
    expect(rulesOf(roles, 'b', 'x:y')).toEqual(['+', '?+', '-']);
    const model = compileModel(1n, [...roles, { id: 'c', name: 'c', parentId: 'a', permissions: [other, other] }]);
    expect(model.closure('c')?.names.get('x:y')).toHaveLength(3);
  });

  it('is unknown for a role that is unknown, and for the names of objects', () => {
    const model = compileModel(1n, [role('a', undefined, '+x:y')]);
    for (const id of ['b', '__proto__', 'constructor', '']) expect(model.closure(id)).toBeUndefined();
    expect([...lineage(model, 'b')]).toEqual([]);
  });
});

describe('a model', () => {
  it('refuses a parent that comes later, is the role itself, or does not come', () => {
    expect(() => compileModel(1n, [role('b', 'a'), role('a', undefined)])).toThrow(
      'The role b comes before its parent.',
    );
    expect(() => compileModel(1n, [role('a', 'a')])).toThrow('The role a comes before its parent.');
    expect(() => compileModel(1n, [role('a', 'b'), role('b', 'a')])).toThrow('The role a comes before its parent.');
  });

  it('does not change with the list that it was made of', () => {
    const roles = [role('a', undefined, '+x:y')];
    const model = compileModel(7n, roles);
    roles.length = 0;
    expect(model.closure('a')?.names.has('x:y')).toBe(true);
    expect(model.revision).toBe(7n);
  });
});

it.each([
  ['invoices:read', true],
  ['invoices:*', true],
  ['*:read', true],
  ['*:*', true],
  ['invoices:write', false],
  ['payroll:*', false],
  ['*:write', false],
])('%s stands for invoices:read: %s', (name, expected) => {
  expect(matches(name, 'invoices:read')).toBe(expected);
});
