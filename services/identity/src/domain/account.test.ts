import { describe, expect, it } from 'vitest';
import { type Account, eligibility } from './account.ts';

const now = new Date('2030-01-01T12:00:00Z');
const account: Account = {
  id: '0193a000-0000-7000-8000-000000000001',
  email: 'ada@example.com',
  username: undefined,
  emailVerified: false,
  isActive: true,
  createdAt: now,
  passwordHash: '$argon2id$',
  lockedUntil: undefined,
  deletedAt: undefined,
};

describe('eligibility', () => {
  it('admits an active account, and one whose lock is over', () => {
    expect(eligibility(account, now)).toEqual({ account });
    const unlocked = { ...account, lockedUntil: now };
    expect(eligibility(unlocked, now)).toEqual({ account: unlocked });
  });

  it.each([
    ['switched off', { isActive: false }],
    ['deleted', { deletedAt: now }],
    ['locked', { lockedUntil: new Date(now.getTime() + 1) }],
  ])('refuses an account that is %s', (_, change) => {
    expect(eligibility({ ...account, ...change }, now)).toEqual({
      account: undefined,
      userId: account.id,
      refusal: 'INACTIVE',
    });
  });

  it('knows no account where there is none', () => {
    expect(eligibility(undefined, now)).toEqual({ account: undefined, userId: undefined, refusal: 'UNKNOWN_ACCOUNT' });
  });
});
