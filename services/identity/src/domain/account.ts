import type { User } from './user.ts';

/** A user with what decides whether a sign-in succeeds. */
export interface Account extends User {
  /** argon2id in PHC string format. */
  readonly passwordHash: string;
  readonly lockedUntil: Date | undefined;
  readonly deletedAt: Date | undefined;
}

/** Why a sign-in was refused. For the audit trail only: the caller gets the same answer for all of them. */
export type LoginRefusal = 'UNKNOWN_ACCOUNT' | 'WRONG_PASSWORD' | 'INACTIVE';

/** Whether a password is worth comparing at all. */
export type Eligibility =
  | { readonly account: Account }
  | { readonly account: undefined; readonly userId: string | undefined; readonly refusal: LoginRefusal };

/** Decides whether an account may sign in: it exists, is switched on, not deleted, and not locked at this time. */
export function eligibility(found: Account | undefined, now: Date): Eligibility {
  if (!found) return { account: undefined, userId: undefined, refusal: 'UNKNOWN_ACCOUNT' };
  const locked = found.lockedUntil !== undefined && found.lockedUntil > now;
  if (!found.isActive || found.deletedAt || locked) {
    return { account: undefined, userId: found.id, refusal: 'INACTIVE' };
  }
  return { account: found };
}
