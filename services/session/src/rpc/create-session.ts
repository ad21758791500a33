import { randomBytes } from 'node:crypto';
import type { Transaction } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import type { CreateSessionRequest, CreateSessionResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Call, Handler } from '@gatehouse/rpc';
import type { Deps, Limits } from '../deps.ts';
import { formatConsistencyToken } from '../domain/consistency.ts';
import { newSession } from '../domain/new-session.ts';
import { atMost, type Session, sessionEnd } from '../domain/session.ts';
import { SECRET_BYTES } from '../domain/session-token.ts';
import { type FirstRefreshToken, firstRefreshToken, NO_REFRESH_TOKEN } from '../store/refresh.ts';
import { revokeAll } from '../store/revocations.ts';
import { insertSession } from '../store/sessions.ts';
import { holdSurplusSessions, holdUser } from '../store/user-sessions.ts';
import { toOrigin } from '../wire/origin.ts';
import { toMessage } from '../wire/session.ts';

/**
 * Creates a session, and ends the oldest ones that its user then has too many. The audit events commit with it or not at
 * all.
 */
export function createSession(
  deps: Pick<Deps, 'writes' | 'clock' | 'events' | 'sessions' | 'activity' | 'limits' | 'refresh' | 'tokenRing'>,
): Handler<CreateSessionRequest, CreateSessionResponse> {
  const { writes, clock, events, sessions, activity, limits } = deps;
  return (request, call) =>
    writes.once(call, request, async () => {
      const at = clock.now();
      const begun = beginSession(request, call, deps, at);
      const { id, userId } = begun.session;
      const [first, place] = await Promise.all([
        request.withRefreshToken
          ? firstRefreshToken(deps.refresh, { sessionId: id, userId }, at, call)
          : NO_REFRESH_TOKEN,
        sessions.reserve(id),
      ]);
      return writes.commit(call, request, async (tx) => {
        const [session, surplus] = await insertHeld(tx, begun, first, limits);
        await events.sessionCreated(tx, call, session);
        const changed = await revokeAll(tx, events, { sessions: surplus, reason: 'session_limit', at, source: call });
        const revokedSessionIds = changed.map((revoked) => revoked.id);
        const reply = {
          sessionToken: begun.sessionToken,
          session: toMessage(session),
          refreshToken: first.token,
          refreshTokenExpiresAt: first.endWith(session),
          consistencyToken: formatConsistencyToken(changeOf(session, revokedSessionIds)),
          revokedSessionIds,
        };
        const after = () => {
          activity.begin(session, at.getTime());
          return sessions.fill(place, session);
        };
        return { reply, changed, after };
      });
    });
}

/** Stores the session while its user is held, and takes hold of those that the user then has too many. One round trip. */
async function insertHeld(tx: Transaction, begun: Begun, first: FirstRefreshToken, { perUserMax }: Limits) {
  const { id: newest, userId, createdAt: at } = begun.session;
  const [, session, , surplus] = await Promise.all([
    holdUser(tx, userId),
    insertSession(tx, begun.session, begun.tokenKeyId),
    first.insert(tx),
    holdSurplusSessions(tx, { userId, newest, at, max: perUserMax }),
  ]);
  return [session, surplus] as const;
}

type Begun = ReturnType<typeof newSession>;

function beginSession(
  request: CreateSessionRequest,
  call: Call,
  { limits, tokenRing }: Pick<Deps, 'limits' | 'tokenRing'>,
  at: Date,
): Begun {
  const beginning = {
    userId: request.userId,
    authenticationMethods: request.authenticationMethods,
    authenticationLevel: Math.max(1, request.authenticationLevel),
    origin: toOrigin(request.origin, call.peer.address),
    at,
    expiresAt: sessionEnd(at, request.lifetimeSeconds, limits.lifetimeSeconds),
    idleTimeoutSeconds: atMost(request.idleTimeoutSeconds, limits.idleTimeoutSeconds),
  };
  return newSession(beginning, { id: uuidv7(), secret: randomBytes(SECRET_BYTES), ring: tokenRing });
}

function changeOf({ id: sessionId, userId, version }: Session, revoked: readonly string[]) {
  return revoked.length > 0 ? ({ of: 'user', userId } as const) : ({ of: 'session', sessionId, version } as const);
}
