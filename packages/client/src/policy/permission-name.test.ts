import { expect, it } from 'vitest';
import { HELD_PERMISSION, PERMISSION, splitPermission } from './permission-name.ts';

it.each(['documents:read', 'a:b', '1.a-b_c:9', `${'a'.repeat(63)}:${'b'.repeat(63)}`])(
  '%s can be asked for',
  (name) => {
    expect(PERMISSION.test(name)).toBe(true);
    expect(HELD_PERMISSION.test(name)).toBe(true);
  },
);

it.each(['*:read', 'documents:*', '*:*'])('%s can be held and not be asked for', (name) => {
  expect(PERMISSION.test(name)).toBe(false);
  expect(HELD_PERMISSION.test(name)).toBe(true);
});

it.each(['', ':', 'a', 'a:', ':b', 'a:b:c', 'A:b', 'a:b ', 'a:b\n', 'a*:b', '**:b', '-a:b', `${'a'.repeat(64)}:b`])(
  '%j is no permission',
  (name) => {
    expect(PERMISSION.test(name)).toBe(false);
    expect(HELD_PERMISSION.test(name)).toBe(false);
  },
);

it('comes apart at its colon', () => {
  expect(splitPermission('documents:read')).toEqual({ resource: 'documents', action: 'read' });
});
