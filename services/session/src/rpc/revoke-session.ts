import { Failure } from '@gatehouse/failure';
import {
  RevokedReason as Reason,
  type RevokeSessionRequest,
  type RevokeSessionResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Call, type Handler, matchesPeer, peers, permissionMissing } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { RevokedReason, Session } from '../domain/session.ts';
import { parseToken, type SessionToken, sameHash, tokenInvalid } from '../domain/session-token.ts';
import { findSession, lockSession, updateRevoked } from '../store/sessions.ts';

/** What a user needs to end somebody else's session. */
const PERMISSION = 'sessions:revoke';

/** Ends a session everywhere. The row, the audit event and the word to the caches commit together. */
export function revokeSession(
  deps: Pick<Deps, 'db' | 'clock' | 'events' | 'invalidations' | 'acting'>,
): Handler<RevokeSessionRequest, RevokeSessionResponse> {
  const { clock, events, invalidations, acting } = deps;
  return async (request, call) => {
    const target = parseTarget(request);
    const reason = toReason(request.reason);
    const db = deps.db.within(call);
    const found = await findSession(db, target.sessionId);
    const byUser = await authorise(found, target.token, call, acting);
    const { revokedAt, staged } = await db.transaction(async (tx) => {
      const session = await lockSession(tx, target.sessionId);
      if (!session) throw notFound();
      if (session.revokedAt) return { revokedAt: session.revokedAt, staged: [] };
      const now = clock.now();
      const version = session.version + 1n;
      const changes = [{ id: session.id, version, gone: reason }];
      await updateRevoked(tx, session, now, reason, version);
      await invalidations.stage(tx, changes);
      await events.sessionRevoked(tx, call, session, reason, byUser);
      return { revokedAt: now, staged: changes };
    });
    await invalidations.settle(staged);
    return { revokedAt };
  };
}

function parseTarget({ target }: RevokeSessionRequest): { sessionId: string; token?: SessionToken } {
  if (!target) throw new Error('A request without a target passed its limits.');
  if (target.$case === 'sessionId') return { sessionId: target.value };
  const token = parseToken(target.value);
  return { sessionId: token.sessionId, token };
}

/** Throws unless the caller may end the session; returns the end user in whose name it does. */
async function authorise(
  session: Session | undefined,
  token: SessionToken | undefined,
  call: Call,
  acting: Deps['acting'],
): Promise<string | undefined> {
  if (token) {
    if (!session || !sameHash(session.tokenHash, token.hash)) throw tokenInvalid();
    return session.userId;
  }
  if (matchesPeer(call.peer.name, [peers.anyOperator, peers.identity])) return undefined;
  if (call.sessionToken === undefined) {
    throw new Failure('unauthenticated', 'ACTING_USER_REQUIRED', 'Pass the session token of the user who does this.');
  }
  const actor = await acting.authenticate(call.sessionToken, call);
  // Whether the session exists is told only to those who may end it.
  const may = session?.userId === actor.userId || (await acting.permits(actor, PERMISSION, call));
  if (!may) throw permissionMissing(PERMISSION);
  return actor.userId;
}

const REASONS: Partial<Record<Reason, RevokedReason>> = {
  [Reason.REVOKED_REASON_LOGOUT]: 'logout',
  [Reason.REVOKED_REASON_ADMINISTRATIVE]: 'administrative',
  [Reason.REVOKED_REASON_COMPROMISED]: 'compromised',
};

function toReason(reason: Reason): RevokedReason {
  const known = REASONS[reason];
  if (!known) throw new Error(`Reason ${reason} passed the limits of its field.`);
  return known;
}

function notFound(): Failure {
  return new Failure('missing', 'SESSION_NOT_FOUND', 'There is no such session.');
}
