import { randomBytes } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import { uuidv7 } from '@gatehouse/process';
import type { ElevateSessionRequest, ElevateSessionResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Call, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatConsistencyToken } from '../domain/consistency.ts';
import { type Beginning, newSession } from '../domain/new-session.ts';
import type { Session } from '../domain/session.ts';
import { sessionIdFor } from '../domain/session-id.ts';
import { parseToken, SECRET_BYTES } from '../domain/session-token.ts';
import { replacingRefreshToken } from '../store/refresh.ts';
import { revokeAll } from '../store/revocations.ts';
import { holdGoodSession, insertSession } from '../store/sessions.ts';
import { holdUser } from '../store/user-sessions.ts';
import { toOrigin } from '../wire/origin.ts';
import { toMessage } from '../wire/session.ts';

/** Replaces a session by one of a higher level, with a new id and token. Of two that do so at once, one wins. */
export function elevateSession(
  deps: Pick<Deps, 'writes' | 'clock' | 'events' | 'sessions' | 'validator' | 'activity' | 'refresh' | 'tokenRing'>,
): Handler<ElevateSessionRequest, ElevateSessionResponse> {
  const { writes, clock, events, sessions, validator, activity } = deps;
  return (request, call) =>
    writes.once(call, request, async () => {
      const token = parseToken(request.sessionToken);
      const { signal, peer } = call;
      const options = { freshness: 'strict', demand: 'nothing', signal, peer: peer.name } as const;
      const { userId, authenticationLevel } = await validator.validate(token, options);
      if (request.authenticationLevel <= authenticationLevel) throw levelNotRaised(authenticationLevel);
      const uuid = uuidv7();
      const from = { userId, sessionId: token.sessionId };
      const to = { userId, sessionId: sessionIdFor(userId, uuid) };
      const [first, place] = await Promise.all([
        replacingRefreshToken(deps.refresh, { from, to }, clock.now(), call),
        sessions.reserve(to.sessionId),
      ]);
      return writes.commit(call, request, async (tx) => {
        await holdUser(tx, userId);
        const at = clock.now();
        const old = await holdGoodSession(tx, token.sessionId, at);
        const ingredients = { id: uuid, secret: randomBytes(SECRET_BYTES), ring: deps.tokenRing };
        const {
          session: begun,
          sessionToken,
          tokenKeyId,
        } = newSession(successorOf(old, request, call, at), ingredients);
        const session = await insertSession(tx, begun, tokenKeyId);
        await first.insert(tx);
        await events.sessionElevated(tx, call, { from: old, to: session });
        const replaced = { sessions: [old], reason: 'replaced', at, source: call, byUser: userId } as const;
        const changed = await revokeAll(tx, events, replaced);
        const reply = {
          sessionToken,
          session: toMessage(session),
          refreshToken: first.token,
          refreshTokenExpiresAt: first.endWith(session),
          consistencyToken: formatConsistencyToken({ of: 'user', userId }),
        };
        const after = () => {
          activity.begin(session, session.createdAt.getTime());
          return sessions.fill(place, session);
        };
        return { reply, changed, after };
      });
    });
}

/** The session that takes the place of another: it ends when that one would have. */
function successorOf(old: Session, request: ElevateSessionRequest, call: Call, at: Date): Beginning {
  const methods = new Set([...old.authenticationMethods, ...request.authenticationMethods]);
  const { userId, expiresAt, idleTimeoutSeconds } = old;
  return {
    userId,
    authenticationMethods: [...methods],
    authenticationLevel: request.authenticationLevel,
    origin: request.origin ? toOrigin(request.origin, call.peer.address) : old.origin,
    at,
    expiresAt,
    idleTimeoutSeconds,
  };
}

function levelNotRaised(level: number): Failure {
  return new Failure('precondition', 'LEVEL_NOT_RAISED', `The session has the authentication level ${level} already.`);
}
