import { type Failure, isFailure } from '@gatehouse/failure';
import type { Transaction } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import type { RegisterUserRequest, RegisterUserResponse } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { toLoginName } from '../domain/login-name.ts';
import { toOpaqueString } from '../domain/opaque-string.ts';
import { checkPassword } from '../domain/password-policy.ts';
import { newUser, type User } from '../domain/user.ts';
import { insertLoginName } from '../store/lookups.ts';
import { insertPasswordHistory } from '../store/password-history.ts';
import { insertUser } from '../store/users.ts';
import { toOrigin } from '../wire/origin.ts';
import { toMessage } from '../wire/user.ts';

/** Registers a user; the user, both names and the audit event commit together or not at all. */
export function registerUser({
  writes,
  clock,
  events,
  hasher,
}: Pick<Deps, 'writes' | 'clock' | 'events' | 'hasher'>): Handler<RegisterUserRequest, RegisterUserResponse> {
  return async (request, call) => {
    const user = newUser(uuidv7(), request, clock.now());
    const password = toOpaqueString(request.password);
    const origin = toOrigin(request.origin, call.peer.address);
    try {
      return await writes.once(call, request, async () => {
        checkPassword(password, user);
        // Before the transaction, because it takes longer than all of it and would hold a connection meanwhile.
        const passwordHash = await hasher.hash(password, call.signal);
        return writes.commit(call, request, async (tx) => {
          await insertNewUser(tx, user, passwordHash);
          await events.userRegistered(tx, call, user, origin);
          return { reply: { user: toMessage(user) } };
        });
      });
    } catch (error) {
      if (isRefusal(error))
        events.registrationRefused(call, { reason: error.reason, rules: error.metadata.rules }, origin);
      throw error;
    }
  };
}

/** The names come first, the address before the username, so that of two that are taken the address is told. */
async function insertNewUser(tx: Transaction, user: User, passwordHash: string): Promise<void> {
  const { id: userId, email, username, createdAt } = user;
  await insertLoginName(tx, toLoginName('email', email), userId);
  if (username !== undefined) await insertLoginName(tx, toLoginName('username', username), userId);
  await insertUser(tx, user, passwordHash);
  await insertPasswordHistory(tx, { id: uuidv7(), userId, passwordHash, createdAt });
}

/** Whether the registration was judged and refused, rather than broken off. */
function isRefusal(error: unknown): error is Failure {
  return isFailure(error, 'PASSWORD_TOO_WEAK') || (isFailure(error) && error.kind === 'taken');
}
