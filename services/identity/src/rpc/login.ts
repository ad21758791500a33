import { Failure, isFailure } from '@gatehouse/failure';
import type { Database } from '@gatehouse/postgres';
import type { LoginRequest, LoginResponse } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import type { Call, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { type Account, type Eligibility, eligibility } from '../domain/account.ts';
import { type LoginName, toLoginName } from '../domain/login-name.ts';
import { toOpaqueString } from '../domain/opaque-string.ts';
import type { FailedLogin } from '../events.ts';
import { findUserId } from '../store/lookups.ts';
import type { PasswordHasher } from '../store/password-hasher.ts';
import { countFailedLogin, findAccount, NOBODY, recordLogin, replacePasswordHash } from '../store/users.ts';
import { toOrigin } from '../wire/origin.ts';
import { toMessage } from '../wire/user.ts';

/** Verifies a password and creates a session. A refusal takes the same steps, and so the same time, for every cause. */
export function login({
  db,
  writes,
  clock,
  events,
  hasher,
  session,
}: Pick<Deps, 'db' | 'writes' | 'clock' | 'events' | 'hasher' | 'session'>): Handler<LoginRequest, LoginResponse> {
  return async (request, call) => {
    const name = parseName(request);
    const password = toOpaqueString(request.password);
    const origin = toOrigin(request.origin, call.peer.address);

    const found = eligibility(await lookUp(db.within(call), name), clock.now());
    const verified = await hasher.verify(found.account?.passwordHash, password, call.signal);
    if (!found.account || !verified) {
      // An account that does not exist gets its own transaction too, with an update that finds nobody: if its failures
      // went by the buffered way, they would be answered sooner by the time that a commit takes.
      await writes.run(call, async (tx) => {
        await countFailedLogin(tx, found.account?.id ?? NOBODY);
        return { reply: await events.loginFailed(tx, call, toFailedLogin(found), origin) };
      });
      throw credentialsInvalid();
    }

    const { account } = found;
    const renewedHash = await renewHash(hasher, account, password, call);
    // The session comes before the transaction, so that a success is never recorded without its session. Should the
    // transaction fail, the only copy of the token is dropped with the answer and no store holds more than its hash:
    // nobody can use the session, and it ends by itself. Whoever switches an account off and then ends its sessions
    // has either done so before the row is updated below, and the sign-in fails, or finds this session.
    const created = await session.createPasswordSession(
      { userId: account.id, origin, withRefreshToken: request.withRefreshToken },
      call,
    );
    const accepted = await writes.run(call, async (tx) => {
      const stillEligible = await recordLogin(tx, { userId: account.id, at: clock.now(), ip: origin.ipAddress });
      if (!stillEligible) {
        await events.loginFailed(tx, call, { userId: account.id, reason: 'INACTIVE' }, origin);
        return { reply: false };
      }
      if (renewedHash) await replacePasswordHash(tx, account.id, account.passwordHash, renewedHash);
      await events.loginSucceeded(tx, call, { userId: account.id, sessionId: created.session.sessionId }, origin);
      return { reply: true };
    });
    if (!accepted) throw credentialsInvalid();
    return { ...created, user: toMessage(account) };
  };
}

function parseName({ account }: LoginRequest): LoginName {
  if (account) return toLoginName(account.$case, account.value);
  throw new Error('A request without an account passed its limits.');
}

/** The lookup and the user may be on different nodes, so there are two queries, whether or not the first finds one. */
async function lookUp(db: Database, name: LoginName): Promise<Account | undefined> {
  return findAccount(db, (await findUserId(db, name)) ?? NOBODY);
}

function toFailedLogin(found: Eligibility): FailedLogin {
  return found.account
    ? { userId: found.account.id, reason: 'WRONG_PASSWORD' }
    : { userId: found.userId, reason: found.refusal };
}

/** A hash with the present parameters, if the stored one has others. A busy machine puts it off to another sign-in. */
async function renewHash(
  hasher: PasswordHasher,
  { passwordHash }: Account,
  password: string,
  { signal }: Call,
): Promise<string | undefined> {
  if (!hasher.isOutdated(passwordHash)) return undefined;
  try {
    return await hasher.hash(password, signal);
  } catch (error) {
    if (isFailure(error, 'HASHING_BUSY')) return undefined;
    throw error;
  }
}

function credentialsInvalid(): Failure {
  return new Failure('unauthenticated', 'CREDENTIALS_INVALID', 'The account or the password is wrong.');
}
