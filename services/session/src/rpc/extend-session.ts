import type { ExtendSessionRequest, ExtendSessionResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatConsistencyToken } from '../domain/consistency.ts';
import { extendedEnd, type Session } from '../domain/session.ts';
import { parseToken } from '../domain/session-token.ts';
import { holdGoodSession, updateSessionEnd } from '../store/sessions.ts';
import { toMessage } from '../wire/session.ts';

/** Lets a session live longer, within its longest lifetime. One that ends late enough already stays as it is. */
export function extendSession({
  writes,
  clock,
  events,
  validator,
  limits,
}: Pick<Deps, 'writes' | 'clock' | 'events' | 'validator' | 'limits'>): Handler<
  ExtendSessionRequest,
  ExtendSessionResponse
> {
  return (request, call) =>
    writes.once(call, request, async () => {
      const token = parseToken(request.sessionToken);
      const { signal, peer } = call;
      await validator.validate(token, { freshness: 'strict', demand: 'nothing', signal, peer: peer.name });
      return writes.commit(call, request, async (tx) => {
        const now = clock.now();
        const held = await holdGoodSession(tx, token.sessionId, now);
        const expiresAt = extendedEnd(held, now, request.lifetimeSeconds, limits.lifetimeSeconds);
        if (expiresAt.getTime() === held.expiresAt.getTime()) return { reply: replyOf(held) };
        const session: Session = { ...held, expiresAt, version: held.version + 1n };
        updateSessionEnd(tx, session);
        await events.sessionExtended(tx, call, session);
        return { reply: replyOf(session), changed: [{ id: session.id, version: session.version }] };
      });
    });
}

function replyOf(session: Session): ExtendSessionResponse {
  const { id: sessionId, version } = session;
  return {
    session: toMessage(session),
    consistencyToken: formatConsistencyToken({ of: 'session', sessionId, version }),
  };
}
