import { type AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { Freshness, type SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Acting, Client } from '@gatehouse/rpc';

/** Recognises end users by asking the session service. Administration always asks for a strict answer. */
export function authenticateWith(session: Client<typeof SessionServiceService>): Acting['authenticate'] {
  return async (sessionToken, call) => {
    const { session: found } = await session.validateSession(
      { sessionToken, freshness: Freshness.FRESHNESS_STRICT, consistencyToken: '' },
      { ...context(call) },
    );
    if (!found) throw new Error('The session service answered without a session.');
    return { userId: found.userId, sessionId: found.sessionId };
  };
}

/** Asks the authz service, from its database, whether a user holds a permission. */
export function permitsWith(authz: Client<typeof AuthzServiceService>): Acting['permits'] {
  return async ({ userId }, permission, call) => {
    const consistency = { requirement: { $case: 'fullyConsistent' as const, value: true } };
    const { decision } = await authz.check(
      { userId, permission, consistency, resource: '', context: undefined },
      { ...context(call) },
    );
    return decision === Decision.DECISION_ALLOWED;
  };
}

function context(call: Parameters<Acting['authenticate']>[1]) {
  const { deadlineMs, requestId, trace, signal } = call;
  return { deadlineMs, requestId, trace, signal };
}
