import { Failure } from '@gatehouse/failure';
import type { RevokeSessionRequest, RevokeSessionResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Call, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatConsistencyToken } from '../domain/consistency.ts';
import { readDigest, sameDigest } from '../domain/digest.ts';
import type { Session } from '../domain/session.ts';
import { parseToken, type SessionToken, tokenInvalid } from '../domain/session-token.ts';
import { mayAdminister } from '../peers/acting.ts';
import { revokeAll } from '../store/revocations.ts';
import { findSession, lockSession } from '../store/sessions.ts';
import { showSignedOut } from '../store/user-revocations.ts';
import { toRevokedReason } from '../wire/revoked-reason.ts';

/** What a user needs to end somebody else's session. */
const PERMISSION = 'sessions:revoke';

/** Ends a session everywhere. The row, the audit event and the word to the caches commit together. */
export function revokeSession(
  deps: Pick<Deps, 'db' | 'writes' | 'clock' | 'events' | 'acting' | 'presence' | 'tokenGate'>,
): Handler<RevokeSessionRequest, RevokeSessionResponse> {
  const { writes, clock, events, acting, tokenGate } = deps;
  return async (request, call) => {
    const target = parseTarget(request);
    const reason = toRevokedReason(request.reason);
    const admission = target.token && tokenGate.admit(target.token, call.peer.name);
    admission?.spend();
    const found = await findSession(deps.db.within(call), target.sessionId);
    const byUser = await authorise(found, target.token, call, acting);
    admission?.proven();
    return writes.commit(call, request, async (tx) => {
      const session = await lockSession(tx, target.sessionId);
      if (!session) throw notFound();
      const { revokedAt, version, userId } = session;
      if (revokedAt) return { reply: replyOf(session.id, version, revokedAt) };
      const at = clock.now();
      const changed = await revokeAll(tx, events, { sessions: [session], reason, at, source: call, byUser });
      const after = () => showSignedOut(deps, [userId]);
      return { reply: replyOf(session.id, version + 1n, at), changed, after };
    });
  };
}

function replyOf(sessionId: string, version: bigint, revokedAt: Date): RevokeSessionResponse {
  return { revokedAt, consistencyToken: formatConsistencyToken({ of: 'session', sessionId, version }) };
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
    if (!session || !sameDigest(readDigest(session.tokenHash), token.hash)) throw tokenInvalid();
    return session.userId;
  }
  return mayAdminister(acting, call, { ownerId: session?.userId, permission: PERMISSION });
}

function notFound(): Failure {
  return new Failure('missing', 'SESSION_NOT_FOUND', 'There is no such session.');
}
