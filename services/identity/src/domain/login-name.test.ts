import { expect, it } from 'vitest';
import { toLoginName } from './login-name.ts';

it('finds an account without regard to case', () => {
  expect(toLoginName('email', 'Ada@Example.COM')).toEqual({ kind: 'email', key: 'ada@example.com' });
  expect(toLoginName('username', 'Countess')).toEqual({ kind: 'username', key: 'countess' });
});
