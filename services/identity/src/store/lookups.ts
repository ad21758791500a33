import { Failure } from '@gatehouse/failure';
import { type Queryable, type Statement, statement, type Transaction } from '@gatehouse/postgres';
import type { LoginName } from '../domain/login-name.ts';

interface UserIdRow {
  readonly user_id: string;
}

const LOOKUPS = {
  email: {
    insert: statement<UserIdRow>(
      'identity.insert-email',
      `insert into identity.email_lookup (email, user_id) values ($1::text, $2::uuid)
       on conflict (email) do nothing returning user_id`,
    ),
    find: statement<UserIdRow>(
      'identity.find-user-id-by-email',
      'select user_id from identity.email_lookup where email = $1::text',
    ),
    taken: () => new Failure('taken', 'EMAIL_TAKEN', 'The e-mail address belongs to another account.'),
  },
  username: {
    insert: statement<UserIdRow>(
      'identity.insert-username',
      `insert into identity.username_lookup (username, user_id) values ($1::text, $2::uuid)
       on conflict (username) do nothing returning user_id`,
    ),
    find: statement<UserIdRow>(
      'identity.find-user-id-by-username',
      'select user_id from identity.username_lookup where username = $1::text',
    ),
    taken: () => new Failure('taken', 'USERNAME_TAKEN', 'The username belongs to another account.'),
  },
} satisfies Record<LoginName['kind'], Lookup>;

interface Lookup {
  /** Returns no row for a name that is taken. */
  readonly insert: Statement<UserIdRow>;
  readonly find: Statement<UserIdRow>;
  readonly taken: () => Failure;
}

/** Reserves a name for a user. Throws Failure `taken` EMAIL_TAKEN or USERNAME_TAKEN. */
export async function insertLoginName(tx: Transaction, { kind, key }: LoginName, userId: string): Promise<void> {
  const { insert, taken } = LOOKUPS[kind];
  const [row] = await tx.query(insert, [key, userId]);
  if (!row) throw taken();
}

/** The user to whom a name belongs. */
export async function findUserId(db: Queryable, { kind, key }: LoginName): Promise<string | undefined> {
  const [row] = await db.query(LOOKUPS[kind].find, [key]);
  return row?.user_id;
}
