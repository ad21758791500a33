import { isFailure } from '@gatehouse/failure';
import type { Clock } from '@gatehouse/process';
import { type CachedSession, judge, proves } from '../domain/cached-session.ts';
import type { Demand } from '../domain/consistency.ts';
import { idleEndMs } from '../domain/idle.ts';
import { sessionExpired, sessionIdle, sessionRevoked } from '../domain/session.ts';
import { type SessionToken, tokenInvalid } from '../domain/session-token.ts';
import type { Admission, TokenGate } from '../domain/token-gate.ts';
import type { Activity } from './activity.ts';
import type { SessionCache } from './session-cache.ts';

/** Finds the session of a token and judges it. The one way in which tokens are judged, whoever asks. */
export interface Validator {
  /**
   * Answers from the memory of this instance, or undefined when that is not enough. Throws as `validate` does. Notes that
   * the session was used, from `ipAddress` if that is known.
   */
  peek(token: SessionToken, demand: Demand, ipAddress?: string): CachedSession | undefined;
  /**
   * Throws Failure `unauthenticated` SESSION_TOKEN_INVALID, SESSION_EXPIRED, SESSION_IDLE or SESSION_REVOKED, of which the
   * last three tell only who holds the token what became of its session; or Failure `unavailable` when no store can tell,
   * and `limited` SESSION_LOOKUPS_LIMITED. Notes that the session was used.
   */
  validate(token: SessionToken, options: ValidateOptions): Promise<CachedSession>;
  /**
   * Judges a session that something else than its token has proved, such as an access token. Throws as `validate` does. It
   * is no use of the session.
   */
  validateById(sessionId: string, options: JudgeOptions): Promise<CachedSession>;
}

export interface ValidateOptions extends JudgeOptions {
  /** Name of the peer that asks. */
  readonly peer: string;
  readonly ipAddress?: string | undefined;
}

/** How a session is to be judged. */
export interface JudgeOptions {
  readonly freshness: 'bounded' | 'strict';
  readonly demand: Demand;
  readonly signal: AbortSignal;
}

/** What names a session. */
type Named = Pick<SessionToken, 'sessionId'>;

/** A session that Postgres has called idle is asked for again only after this time. Milliseconds. */
const IDLE_RECHECK_MS = 1_000;

export function validator({
  sessions,
  gate,
  isTokenOf,
  activity,
  clock,
  gatheringMs,
}: {
  readonly sessions: SessionCache;
  readonly gate: TokenGate;
  /** Whether a token is that of its session, as Postgres has it, whatever became of the session. */
  readonly isTokenOf: (token: SessionToken, signal: AbortSignal) => Promise<boolean>;
  readonly activity: Activity;
  readonly clock: Clock;
  /** For how long uses of sessions are gathered before they are written. */
  readonly gatheringMs: number;
}): Validator {
  const seemsIdle = ({ lastActivityMs, idleTimeoutMs }: CachedSession, nowMs: number) =>
    nowMs >= idleEndMs(lastActivityMs, idleTimeoutMs, gatheringMs);

  const lookUp = ({ sessionId }: Named, { freshness, demand, signal }: JudgeOptions, beforeTruth?: () => void) =>
    sessions.get(sessionId, {
      freshness: demand === 'truth' ? 'full' : freshness,
      signal,
      ...(typeof demand === 'bigint' ? { minVersion: demand } : {}),
      ...(beforeTruth ? { beforeTruth } : {}),
    });
  const fetch = async (named: Named, options: JudgeOptions): Promise<CachedSession> => {
    const found = await lookUp(named, options);
    if (found.state === 'absent') throw tokenInvalid();
    if (found.state === 'gone') throw sessionRevoked(found.note);
    return found.value;
  };
  const fetchOf = async (token: SessionToken, options: ValidateOptions): Promise<CachedSession> => {
    const admission = gate.admit(token, options.peer);
    const found = await lookUp(token, options, admission.spend);
    if (found.state === 'absent') throw tokenInvalid();
    if (found.state === 'gone') {
      if (!(await isHeld(token, admission, options.signal))) throw tokenInvalid();
      throw sessionRevoked(found.note);
    }
    if (proves(token, found.value)) admission.proven();
    return found.value;
  };

  /** Whether who shows the token of a session that has ended was given it. Where nobody can tell, it is not said why. */
  const isHeld = async (token: SessionToken, admission: Admission, signal: AbortSignal): Promise<boolean> => {
    if (admission.isIssued) return true;
    try {
      admission.spend();
      const isHeld = await isTokenOf(token, signal);
      if (isHeld) admission.proven();
      return isHeld;
    } catch (error) {
      signal.throwIfAborted();
      if (isFailure(error)) return false;
      throw error;
    }
  };

  return {
    peek(token, demand, ipAddress) {
      if (demand === 'truth') return undefined;
      const session = sessions.peek(token.sessionId, demand === 'nothing' ? undefined : demand);
      if (session === undefined) return undefined;
      const nowMs = clock.nowMs();
      judge(session, token, nowMs);
      if (session.idleTimeoutMs > 0 && seemsIdle(session, nowMs)) return undefined;
      activity.touch(session, nowMs, ipAddress);
      return session;
    },
    async validate(token, options) {
      const session = await fetchOf(token, options);
      judge(session, token, clock.nowMs());
      if (seemsIdle(session, clock.nowMs())) await confirmUse(session, token, options);
      activity.touch(session, clock.nowMs(), options.ipAddress);
      return session;
    },
    async validateById(sessionId, options) {
      const session = await fetch({ sessionId }, options);
      const nowMs = clock.nowMs();
      if (nowMs >= session.expiresAtMs) throw sessionExpired();
      if (seemsIdle(session, nowMs)) await confirmUse(session, { sessionId }, options);
      return session;
    },
  };

  /** The session may have been used by way of another instance, which only Postgres knows. Throws if it was not. */
  async function confirmUse(session: CachedSession, token: Named, options: JudgeOptions): Promise<void> {
    if (clock.nowMs() - session.foundIdleAtMs < IDLE_RECHECK_MS) throw sessionIdle();
    const truth = await fetch(token, { ...options, demand: 'truth' });
    session.lastActivityMs = Math.max(session.lastActivityMs, truth.lastActivityMs);
    const nowMs = clock.nowMs();
    if (!seemsIdle(session, nowMs)) return;
    session.foundIdleAtMs = nowMs;
    throw sessionIdle();
  }
}

/** Whether an error says that a token is no good, rather than that nobody could tell. */
export function isRefusal(error: unknown): boolean {
  return isFailure(error) && error.kind === 'unauthenticated';
}
