import { randomBytes } from 'node:crypto';
import { uuidv7 } from '@gatehouse/process';
import type { CreateSessionRequest, CreateSessionResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { type Session, sessionEnd } from '../domain/session.ts';
import { sessionIdFor } from '../domain/session-id.ts';
import { formatToken, hashToken, SECRET_BYTES } from '../domain/session-token.ts';
import { toCached } from '../store/session-cache.ts';
import { insertSession } from '../store/sessions.ts';
import { toOrigin } from '../wire/origin.ts';
import { toMessage, toReply } from '../wire/session.ts';

/** Creates a session; its audit event commits with it or not at all. */
export function createSession({
  db,
  clock,
  events,
  sessions,
  lifetimeSeconds,
}: Pick<Deps, 'db' | 'clock' | 'events' | 'sessions' | 'lifetimeSeconds'>): Handler<
  CreateSessionRequest,
  CreateSessionResponse
> {
  return async (request, call) => {
    const { userId } = request;
    const createdAt = clock.now();
    const id = sessionIdFor(userId, uuidv7());
    const sessionToken = formatToken(id, randomBytes(SECRET_BYTES));
    const session: Session = {
      id,
      userId,
      tokenHash: hashToken(sessionToken),
      authenticationMethods: request.authenticationMethods,
      origin: toOrigin(request.origin, call.peer.address),
      createdAt,
      expiresAt: sessionEnd(createdAt, request.lifetimeSeconds, lifetimeSeconds),
      revokedAt: undefined,
      revokedReason: undefined,
      version: 1n,
    };
    await db.within(call).transaction(async (tx) => {
      await insertSession(tx, session);
      await events.sessionCreated(tx, call, session);
    });
    await sessions.fill(id, session.version, toCached(session, toReply(session)));
    return { sessionToken, session: toMessage(session) };
  };
}
