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
  db,
  clock,
  events,
  validator,
  invalidations,
  limits,
}: Pick<Deps, 'db' | 'clock' | 'events' | 'validator' | 'invalidations' | 'limits'>): Handler<
  ExtendSessionRequest,
  ExtendSessionResponse
> {
  return async ({ sessionToken, lifetimeSeconds }, call) => {
    const token = parseToken(sessionToken);
    const { signal, peer } = call;
    await validator.validate(token, { freshness: 'strict', demand: 'nothing', signal, peer: peer.name });
    const { session, staged } = await db.within(call).transaction(async (tx) => {
      const now = clock.now();
      const held = await holdGoodSession(tx, token.sessionId, now);
      const expiresAt = extendedEnd(held, now, lifetimeSeconds, limits.lifetimeSeconds);
      if (expiresAt.getTime() === held.expiresAt.getTime()) return { session: held, staged: [] };
      const session: Session = { ...held, expiresAt, version: held.version + 1n };
      updateSessionEnd(tx, session);
      const staged = [{ id: session.id, version: session.version }];
      invalidations.stage(tx, staged);
      await events.sessionExtended(tx, call, session);
      return { session, staged };
    });
    await invalidations.settle(staged);
    const { id: sessionId, version } = session;
    return {
      session: toMessage(session),
      consistencyToken: formatConsistencyToken({ of: 'session', sessionId, version }),
    };
  };
}
