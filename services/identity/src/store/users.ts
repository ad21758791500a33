import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import type { Account } from '../domain/account.ts';
import type { User } from '../domain/user.ts';

/** The id of no user: looking it up or updating it is the same work as with an id that exists, without effect. */
export const NOBODY = '00000000-0000-0000-0000-000000000000';

const insertSql = statement(
  'identity.insert-user',
  `insert into identity.users (id, username, email, password_hash, email_verified, is_active, created_at, updated_at)
   values ($1::uuid, $2::text, $3::text, $4::text, $5::boolean, $6::boolean, $7::timestamptz, $7::timestamptz)`,
);

/** Inserts a user with the hash of the password. */
export async function insertUser(tx: Transaction, user: User, passwordHash: string): Promise<void> {
  const { id, username, email, emailVerified, isActive, createdAt } = user;
  await tx.query(insertSql, [id, username ?? null, email, passwordHash, emailVerified, isActive, createdAt]);
}

interface AccountRow {
  readonly id: string;
  readonly username: string | null;
  readonly email: string;
  readonly password_hash: string;
  readonly email_verified: boolean;
  readonly is_active: boolean;
  readonly locked_until: Date | null;
  readonly created_at: Date;
  readonly deleted_at: Date | null;
}

const findSql = statement<AccountRow>(
  'identity.find-account',
  `select id, username, email, password_hash, email_verified, is_active, locked_until, created_at, deleted_at
   from identity.users where id = $1::uuid`,
);

/** The account of a user. */
export async function findAccount(db: Queryable, userId: string): Promise<Account | undefined> {
  const [row] = await db.query(findSql, [userId]);
  return row && toAccount(row);
}

const countFailedLoginSql = statement(
  'identity.count-failed-login',
  // The counter stops at the largest integer, so that nobody can break a sign-in by failing too often.
  `update identity.users set failed_login_attempts = least(failed_login_attempts, 2147483646) + 1 where id = $1::uuid`,
);

/** Counts a wrong password. */
export async function countFailedLogin(tx: Transaction, userId: string): Promise<void> {
  await tx.query(countFailedLoginSql, [userId]);
}

const recordLoginSql = statement<{ id: string }>(
  'identity.record-login',
  `update identity.users set failed_login_attempts = 0, last_login_at = $2::timestamptz, last_login_ip = $3::inet
   where id = $1::uuid and is_active and deleted_at is null and (locked_until is null or locked_until <= $2::timestamptz)
   returning id`,
);

/** Notes a sign-in on the user's row. Answers whether the account may still sign in; if not, nothing was changed. */
export async function recordLogin(tx: Transaction, login: { userId: string; at: Date; ip: string }): Promise<boolean> {
  const rows = await tx.query(recordLoginSql, [login.userId, login.at, login.ip || null]);
  return rows.length === 1;
}

const replaceHashSql = statement(
  'identity.replace-password-hash',
  `update identity.users set password_hash = $3::text where id = $1::uuid and password_hash = $2::text`,
);

/** Replaces a hash by another of the same password, unless the password was changed meanwhile. */
export async function replacePasswordHash(tx: Transaction, userId: string, from: string, to: string): Promise<void> {
  await tx.query(replaceHashSql, [userId, from, to]);
}

function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    email: row.email,
    username: row.username ?? undefined,
    emailVerified: row.email_verified,
    isActive: row.is_active,
    createdAt: row.created_at,
    passwordHash: row.password_hash,
    lockedUntil: row.locked_until ?? undefined,
    deletedAt: row.deleted_at ?? undefined,
  };
}
