import { describe, expect, it } from 'vitest';
import { LEVEL_MAX, levelBelow, permissionNotFound } from './role.ts';

describe('the level of a role', () => {
  it.each([
    ['0 without a parent', undefined, 0],
    ['one more than that of the parent', { level: 4 }, 5],
    ['at most the limit', { level: LEVEL_MAX - 1 }, LEVEL_MAX],
  ])('is %s', (_, parent, expected) => {
    expect(levelBelow(parent)).toBe(expected);
  });

  it('is never beyond the limit', () => {
    expect(() => levelBelow({ level: LEVEL_MAX })).toThrow(expect.objectContaining({ reason: 'ROLE_TOO_DEEP' }));
  });
});

describe('permissions that do not exist', () => {
  it('are named', () => {
    expect(permissionNotFound(['a:b', 'c:d']).metadata).toEqual({ permissions: 'a:b,c:d', missing: '2' });
  });

  it('are named as far as headers have room for them', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `resource-${index}:action`);
    const { permissions = '', missing } = permissionNotFound(names).metadata;
    expect(missing).toBe('1000');
    expect(permissions.length).toBeLessThanOrEqual(1_500);
    expect(names).toEqual(expect.arrayContaining(permissions.split(',')));
  });
});
