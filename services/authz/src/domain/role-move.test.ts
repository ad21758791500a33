import { describe, expect, it } from 'vitest';
import { levelsDown } from './role-move.ts';

const role = { id: 'a', level: 3 };
const subtree = [role, { id: 'b', level: 4 }, { id: 'c', level: 7 }];

describe('moving a role', () => {
  it.each([
    [undefined, -3],
    [{ id: 'x', level: 0 }, -2],
    [{ id: 'x', level: 2 }, 0],
    [{ id: 'x', level: 27 }, 25],
  ])('below %o takes its subtree down by %i', (parent, expected) => {
    expect(levelsDown(role, subtree, parent)).toBe(expected);
  });

  it.each([
    [{ id: 'a', level: 3 }, 'ROLE_CYCLE'],
    [{ id: 'c', level: 7 }, 'ROLE_CYCLE'],
    [{ id: 'x', level: 28 }, 'ROLE_TOO_DEEP'],
    [{ id: 'x', level: 32 }, 'ROLE_TOO_DEEP'],
  ])('below %o is refused with %s', (parent, reason) => {
    expect(() => levelsDown(role, subtree, parent)).toThrow(expect.objectContaining({ kind: 'precondition', reason }));
  });
});
