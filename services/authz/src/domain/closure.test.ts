import { describe, expect, it } from 'vitest';
import { allows, compileModel, type ModelRole } from './closure.ts';

const role = (id: string, permissions: string[], parentId?: string): ModelRole => ({ id, parentId, permissions });

describe('a model', () => {
  const model = compileModel(7n, [
    role('top', ['documents:read']),
    role('middle', [], 'top'),
    role('low', ['documents:write'], 'middle'),
    role('all-documents', ['documents:*']),
    role('all-reading', ['*:read']),
    role('root', ['*:*']),
    role('child-of-root', [], 'root'),
  ]);

  it.each([
    ['a role by its own permission', ['low'], 'documents:write', true],
    ['a role by that of an ancestor three levels up', ['low'], 'documents:read', true],
    ['no ancestor by that of a descendant', ['top', 'middle'], 'documents:write', false],
    ['any action on a resource', ['all-documents'], 'documents:purge', true],
    ['no other resource with it', ['all-documents'], 'documents2:purge', false],
    ['one action on any resource', ['all-reading'], 'reports:read', true],
    ['no other action with it', ['all-reading'], 'reports:write', false],
    ['everything', ['root'], 'reports:write', true],
    ['everything that is inherited', ['child-of-root'], 'reports:write', true],
    ['what any one of several roles allows', ['middle', 'all-reading'], 'reports:read', true],
    ['nothing without a role', [], 'documents:read', false],
    ['nothing by a role that it does not know', ['unknown'], 'documents:read', false],
  ])('allows %s', (_, roleIds, permission, expected) => {
    expect(allows(model, roleIds, permission)).toBe(expected);
  });

  it('shares what a role only inherits', () => {
    expect(model.roles.get('middle')?.names).toBe(model.roles.get('top')?.names);
  });

  it('is refused when a child comes before its parent', () => {
    expect(() => compileModel(1n, [role('child', [], 'parent'), role('parent', [])])).toThrow(
      /comes before its parent/,
    );
  });
});

/** Small numbers that follow from a seed, so that a failure can be run again (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Walks up from each role and compares patterns part by part, as slowly as it reads. */
function evaluate(roles: readonly ModelRole[], roleIds: readonly string[], permission: string): boolean {
  const [resource, action] = permission.split(':');
  const holds = (id: string | undefined): boolean => {
    const found = roles.find((each) => each.id === id);
    if (!found) return false;
    const matches = found.permissions.some((name) => {
      const [left, right] = name.split(':');
      return (left === '*' || left === resource) && (right === '*' || right === action);
    });
    return matches || holds(found.parentId);
  };
  return roleIds.some(holds);
}

it('decides as a plain evaluator does, over 20,000 questions to 400 random models', () => {
  const resources = ['a', 'b', 'c', 'a.b', 'aa'];
  const actions = ['r', 'w', 'x', 'r.w', 'rr'];
  let allowed = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const below = random(seed);
    const pick = (list: readonly string[], wildcards: boolean) =>
      wildcards && below(6) === 0 ? '*' : (list[below(list.length)] ?? '');
    const roles = Array.from({ length: 1 + below(12) }, (_, index) => {
      const parentId = index > 0 && below(3) > 0 ? `role-${below(index)}` : undefined;
      const names = Array.from({ length: below(4) }, () => `${pick(resources, true)}:${pick(actions, true)}`);
      return role(`role-${index}`, names, parentId);
    });
    const model = compileModel(BigInt(seed), roles);
    for (let question = 0; question < 50; question++) {
      const roleIds = Array.from({ length: below(4) }, () => `role-${below(roles.length + 1)}`);
      const permission = `${pick(resources, false)}:${pick(actions, false)}`;
      const expected = evaluate(roles, roleIds, permission);
      if (expected) allowed += 1;
      expect(allows(model, roleIds, permission), `seed ${seed}, ${roleIds} asked for ${permission}`).toBe(expected);
    }
  }
  // A generator that only made denials would prove nothing.
  expect(allowed).toBeGreaterThan(2_000);
  expect(allowed).toBeLessThan(18_000);
});
