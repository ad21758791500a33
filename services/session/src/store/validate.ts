import type { Clock } from '@gatehouse/process';
import { type CachedSession, judge } from '../domain/cached-session.ts';
import { sessionRevoked } from '../domain/session.ts';
import { type SessionToken, tokenInvalid } from '../domain/session-token.ts';
import type { SessionCache } from './session-cache.ts';

/** Finds the session of a token and judges it. The one way in which tokens are judged, whoever asks. */
export interface Validator {
  /** Answers from the memory of this instance, or undefined when that is not enough. Throws as `validate` does. */
  peek(token: SessionToken): CachedSession | undefined;
  /**
   * Throws Failure `unauthenticated` SESSION_TOKEN_INVALID, SESSION_EXPIRED or SESSION_REVOKED, or Failure `unavailable`
   * when no store can tell.
   */
  validate(token: SessionToken, freshness: 'bounded' | 'strict', signal: AbortSignal): Promise<CachedSession>;
}

export function validator(sessions: SessionCache, clock: Clock): Validator {
  return {
    peek(token) {
      const session = sessions.peek(token.sessionId);
      if (session) judge(session, token, clock.now().getTime());
      return session;
    },
    async validate(token, freshness, signal) {
      const found = await sessions.get(token.sessionId, { freshness, signal });
      if (found.state === 'absent') throw tokenInvalid();
      if (found.state === 'gone') throw sessionRevoked(found.note);
      judge(found.value, token, clock.now().getTime());
      return found.value;
    },
  };
}
