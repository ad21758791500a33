import { Failure, isFailure } from '@gatehouse/failure';
import type { RefreshSessionRequest, RefreshSessionResponse } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { Call, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { CachedSession } from '../domain/cached-session.ts';
import { decide, ROTATION_SLACK_MS } from '../domain/refresh-family.ts';
import {
  parseRefreshToken,
  type RefreshToken,
  refreshTokenExpired,
  refreshTokenInvalid,
  refreshTokenReused,
} from '../domain/refresh-token.ts';
import type { SessionOrigin } from '../domain/session.ts';
import { earlier } from '../store/refresh.ts';
import type { FamilyChange } from '../store/refresh-tokens.ts';
import { revokeAll } from '../store/revocations.ts';
import { lockSession } from '../store/sessions.ts';
import { isRefusal } from '../store/validate.ts';
import { toOrigin } from '../wire/origin.ts';
import { toValidated } from '../wire/session.ts';

type Refreshing = Pick<
  Deps,
  'writes' | 'clock' | 'logger' | 'events' | 'validator' | 'activity' | 'accessTokens' | 'refresh'
>;

/** A refresh token that was presented, and all that is known of the call. */
interface Presented {
  readonly call: Call;
  readonly token: RefreshToken;
  readonly session: CachedSession;
  readonly origin: SessionOrigin;
  readonly at: Date;
  /** By a clock that nobody sets. */
  readonly sinceMs: number;
}

/** How often a rotation that lost against another is decided anew. After one loss the family is found rotated. */
const SWAP_ATTEMPTS = 4;

/** Exchanges a refresh token for its successor, which is always the same one, and issues an access token. */
export function refreshSession(deps: Refreshing): Handler<RefreshSessionRequest, RefreshSessionResponse> {
  const { clock, events, activity, accessTokens, refresh } = deps;
  return async (request, call) => {
    const [at, sinceMs] = [clock.now(), performance.now()];
    const audience = accessTokens.audience(request.audience);
    const origin = toOrigin(request.origin, call.peer.address);
    let token: RefreshToken | undefined;
    try {
      token = parseRefreshToken(refresh.ring, request.refreshToken);
      const session = await findGoodSession(deps, token, call);
      // Before the rotation: a token that could not be issued must not cost the caller the one that it holds.
      const issued = await accessTokens.issue(session, audience, at.getTime());
      const successor = await exchange(deps, { call, token, session, origin, at, sinceMs });
      activity.touch(session, at.getTime(), origin.ipAddress);
      return {
        refreshToken: successor.token,
        refreshTokenExpiresAt: earlier(new Date(session.expiresAtMs), successor.familyEnd),
        accessToken: issued.token,
        accessTokenExpiresAt: issued.expiresAt,
        session: toValidated(session),
      };
    } catch (error) {
      // A reuse has left its own event in the transaction that ended the session.
      if (isFailure(error) && isRefusal(error) && error.reason !== 'REFRESH_TOKEN_REUSED') {
        events.refreshTokenRefused(call, error.reason, token?.sessionId, origin);
      }
      throw error;
    }
  };
}

/** The session of a token, as Postgres has it now: what was revoked elsewhere must not be refreshed. */
async function findGoodSession(
  { validator }: Pick<Deps, 'validator'>,
  { sessionId }: RefreshToken,
  { signal }: Call,
): Promise<CachedSession> {
  try {
    return await validator.validateById(sessionId, { freshness: 'strict', demand: 'truth', signal });
  } catch (error) {
    throw isFailure(error, 'SESSION_TOKEN_INVALID') ? refreshTokenInvalid() : error;
  }
}

/** The token that the caller is to go on with, and when its family ends. */
async function exchange(
  deps: Refreshing,
  presented: Presented,
): Promise<{ readonly token: string; readonly familyEnd: Date }> {
  const { writes, clock, events, refresh } = deps;
  const { call, token, session, origin, at } = presented;
  const refreshed = { sessionId: session.sessionId, userId: session.userId, generation: token.generation, origin };
  for (let attempt = 0; attempt < SWAP_ATTEMPTS; attempt++) {
    const family = await refresh.tokens.find(session, call);
    if (!family) return await refuseWithoutFamily(deps, token, call);
    const now = clock.now();
    const decision = decide(refresh.ring, { token, family, presentedAt: at, now, graceMs: refresh.graceMs });
    switch (decision.kind) {
      case 'repeat':
        await writes.run(call, async (tx) => ({
          reply: await events.sessionRefreshed(tx, call, refreshed, 'repeated'),
        }));
        return { token: decision.token, familyEnd: family.expiresAt };
      case 'swap': {
        const { cause, family: to } = decision;
        const alongside: FamilyChange['alongside'] = (tx) => events.sessionRefreshed(tx, call, refreshed, cause);
        if (!(await refresh.tokens.swap(session, { from: family, to, alongside }, call))) continue;
        if (cause === 'caught_up') noteCatchUp(deps, presented, family.generation);
        return { token: decision.token, familyEnd: to.expiresAt };
      }
      case 'expired':
        throw refreshTokenExpired();
      case 'reused':
        await endSession(deps, presented);
        throw refreshTokenReused();
    }
  }
  throw conflict();
}

/** Its session may have been revoked since it was found good, and the family removed with it. */
async function refuseWithoutFamily(deps: Refreshing, token: RefreshToken, call: Call): Promise<never> {
  await findGoodSession(deps, token, call);
  throw refreshTokenInvalid();
}

/** Revokes the session of a token that is in two hands. The row, the audit events and the word to the caches are one. */
async function endSession(deps: Refreshing, { call, token, session, origin, sinceMs }: Presented): Promise<void> {
  // Stores that took so long may have shown a family that others have rotated since the call came.
  if (performance.now() - sinceMs > ROTATION_SLACK_MS) throw conflict();
  const { writes, clock, logger, events, refresh } = deps;
  const { sessionId, userId } = session;
  const { generation } = token;
  await writes.run(call, async (tx) => {
    const held = await lockSession(tx, sessionId);
    if (!held || held.revokedReason !== undefined) return { reply: undefined };
    const revocation = { reason: 'refresh_token_reused', at: clock.now(), source: call } as const;
    const changed = await revokeAll(tx, events, { sessions: [held], ...revocation });
    await events.refreshTokenReused(tx, call, { sessionId, userId, generation, origin });
    await refresh.tokens.remove(tx, session);
    return { reply: undefined, changed };
  });
  logger.warn(
    { sessionId, generation, requestId: call.requestId },
    'a refresh token came back; its session is revoked',
  );
}

/** That the store went back to an earlier state is worth knowing: everything else in it did as well. */
function noteCatchUp({ logger }: Refreshing, { call, token }: Presented, knownGeneration: number): void {
  const { sessionId, generation } = token;
  const { requestId } = call;
  logger.warn({ sessionId, generation, knownGeneration, requestId }, 'a refresh token was newer than its family');
}

function conflict(): Failure {
  return new Failure(
    'conflict',
    'REFRESH_CONFLICT',
    'The token is being refreshed by others at this moment; ask again.',
  );
}
