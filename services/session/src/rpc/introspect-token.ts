import { AccessTokenError } from '@gatehouse/client/verify';
import { Failure, isFailure } from '@gatehouse/failure';
import type { IntrospectTokenRequest, IntrospectTokenResponse } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { Call, Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { parseRefreshToken, REFRESH_TOKEN_PREFIX } from '../domain/refresh-token.ts';
import { parseToken, TOKEN_PREFIX } from '../domain/session-token.ts';
import { introspectRefreshToken } from '../store/introspect-refresh-token.ts';
import { toActiveAccessToken, toActiveRefreshToken, toActiveSessionToken, toInactive } from '../wire/introspection.ts';

type Introspecting = Pick<Deps, 'validator' | 'accessTokens' | 'refresh' | 'events' | 'clock'>;

/**
 * Describes a token (RFC 7662). What kind it is, its form says; the hint of the caller is not needed. Whatever is wrong
 * with it, the answer is the same; only where no store can tell there is none.
 */
export function introspectToken(deps: Introspecting): Handler<IntrospectTokenRequest, IntrospectTokenResponse> {
  return async ({ token }, call) => {
    let read: Read | undefined;
    try {
      read = await readToken(deps, token);
      return await read.describe(call);
    } catch (error) {
      deps.events.sessionRefused(call, 'service', refusalOf(error), read?.sessionId);
      return toInactive();
    }
  };
}

/** A token that has the form of ours, and whose session it is of. */
interface Read {
  readonly sessionId: string;
  /** Throws when the token is no good. */
  describe(call: Call): Promise<IntrospectTokenResponse>;
}

async function readToken(deps: Introspecting, text: string): Promise<Read> {
  if (text.startsWith(TOKEN_PREFIX)) return sessionToken(deps, text);
  if (text.startsWith(REFRESH_TOKEN_PREFIX)) return refreshToken(deps, text);
  return accessToken(deps, text);
}

function sessionToken({ validator, events }: Introspecting, text: string): Read {
  const token = parseToken(text);
  return {
    sessionId: token.sessionId,
    async describe(call) {
      const session = await validator.validate(token, strict(call));
      events.sessionAccepted(call, 'service', session);
      return toActiveSessionToken(session);
    },
  };
}

function refreshToken(deps: Introspecting, text: string): Read {
  const token = parseRefreshToken(deps.refresh.ring, text);
  return {
    sessionId: token.sessionId,
    async describe(call) {
      const active = await introspectRefreshToken(deps, token, deps.clock.now(), call);
      deps.events.sessionAccepted(call, 'service', active.session);
      return toActiveRefreshToken(active);
    },
  };
}

/** An access token is good by itself until it ends; whether its session is, is asked strictly. */
async function accessToken({ validator, accessTokens, events }: Introspecting, text: string): Promise<Read> {
  const claims = await accessTokens.verify(text);
  return {
    sessionId: claims.sid,
    async describe(call) {
      const session = await validator.validateById(claims.sid, strict(call));
      if (session.userId !== claims.sub) throw new AccessTokenError('ACCESS_TOKEN_INVALID');
      events.sessionAccepted(call, 'service', session);
      return toActiveAccessToken(claims);
    },
  };
}

function strict({ signal, peer }: Call) {
  return { freshness: 'strict', demand: 'nothing', signal, peer: peer.name } as const;
}

/** Why the token is not good. Throws where the error does not say that it is not. */
function refusalOf(error: unknown): string {
  if (isFailure(error) && error.kind === 'unauthenticated') return error.reason;
  if (!(error instanceof AccessTokenError)) throw error;
  if (error.reason !== 'KEYS_UNAVAILABLE') return error.reason;
  throw isFailure(error.cause)
    ? error.cause
    : new Failure('unavailable', error.reason, error.message, { cause: error.cause });
}
