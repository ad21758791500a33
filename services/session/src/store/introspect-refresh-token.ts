import type { CachedSession } from '../domain/cached-session.ts';
import { type RefreshToken, refreshTokenExpired, refreshTokenInvalid } from '../domain/refresh-token.ts';
import { sameHash } from '../domain/session-token.ts';
import { earlier, type Refresh } from './refresh.ts';
import type { Waiting } from './refresh-tokens.ts';
import type { Validator } from './validate.ts';

/** A refresh token that may be used next. */
export interface ActiveRefreshToken {
  readonly session: CachedSession;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/**
 * Describes a token that is the current one of its family, and whose session is good. It is no use of either. Throws
 * Failure `unauthenticated` for every other token, one that could still be presented again included, and `unavailable`
 * when no store can tell.
 */
export async function introspectRefreshToken(
  { validator, refresh }: { readonly validator: Validator; readonly refresh: Refresh },
  token: RefreshToken,
  now: Date,
  { signal }: Waiting,
): Promise<ActiveRefreshToken> {
  const session = await validator.validateById(token.sessionId, { freshness: 'strict', demand: 'nothing', signal });
  const family = await refresh.tokens.find(session, { signal });
  if (!family || !sameHash(family.tokenHash, token.hash)) throw refreshTokenInvalid();
  if (now >= family.expiresAt) throw refreshTokenExpired();
  const expiresAt = earlier(new Date(session.expiresAtMs), family.expiresAt);
  return { session, issuedAt: family.rotatedAt ?? family.issuedAt, expiresAt };
}
