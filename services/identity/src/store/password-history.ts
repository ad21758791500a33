import { statement, type Transaction } from '@gatehouse/postgres';

/** A password that was set, by its hash. */
export interface PastPassword {
  readonly id: string;
  readonly userId: string;
  readonly passwordHash: string;
  readonly createdAt: Date;
}

const insertSql = statement(
  'identity.insert-password-history',
  `insert into identity.password_history (user_id, id, password_hash, created_at)
   values ($1::uuid, $2::uuid, $3::text, $4::timestamptz)`,
);

/** Notes a password that was set, the present one too. */
export async function insertPasswordHistory(tx: Transaction, password: PastPassword): Promise<void> {
  await tx.query(insertSql, [password.userId, password.id, password.passwordHash, password.createdAt]);
}
