import { Failure, isFailure } from '@gatehouse/failure';
import type { EventSource } from '@gatehouse/mesh';
import type { Deps } from '../deps.ts';
import type { CachedSession } from '../domain/cached-session.ts';
import { suspectsCsrf } from '../domain/csrf.ts';
import {
  csrfSuspected,
  type Denial,
  type EdgeDecision,
  headerNotAccepted,
  levelTooLow,
  permissionMissing,
  routeMisconfigured,
  tokenRefused,
} from '../domain/edge-decision.ts';
import { hasForgedHeader, headerChanges } from '../domain/edge-headers.ts';
import type { EdgePolicy } from '../domain/edge-policy.ts';
import { credentialOf, type HttpRequest } from '../domain/edge-request.ts';
import { parseToken, type SessionToken } from '../domain/session-token.ts';

/** The call in which a proxy asks. */
export interface EdgeCall extends EventSource {
  /** Unix milliseconds. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Decides whether an HTTP request may pass; `policy` is undefined when the route has one that makes no sense. Answers in
 * one synchronous step where the session is in memory and no permission is asked for. Throws, or rejects with, whatever
 * kept it from deciding, a Failure `unavailable` as a rule: that nobody can tell is never an answer.
 */
export type Decide = (
  request: HttpRequest,
  policy: EdgePolicy | undefined,
  call: EdgeCall,
) => EdgeDecision | Promise<EdgeDecision>;

/** What is asked, passed from step to step. */
interface Question {
  readonly request: HttpRequest;
  readonly policy: EdgePolicy;
  readonly call: EdgeCall;
}

type Needs = Pick<Deps, 'validator' | 'events' | 'accessTokens' | 'holdsPermission' | 'clock' | 'cookieName'>;

const BOUNDED = { freshness: 'bounded', demand: 'nothing' } as const;

/** What a proxy can do to the request that it asks about. */
export interface Reach {
  /** Whether it takes away every header that an answer names; else it only overwrites those that it knows by name. */
  readonly removesHeaders: boolean;
}

/** The decision, the same for every proxy. */
export function decider(
  { validator, events, accessTokens, holdsPermission, clock, cookieName }: Needs,
  { removesHeaders }: Reach,
): Decide {
  return (request, policy, call) => {
    if (!policy) return deny(request, call, routeMisconfigured());
    if (!removesHeaders && hasForgedHeader(request.headers, policy.set)) {
      return deny(request, call, headerNotAccepted());
    }
    const question = { request, policy, call };
    let token: SessionToken | undefined;
    try {
      const credential = credentialOf(request.headers, cookieName);
      if (credential.carrier === 'cookie' && suspectsCsrf(request, policy.csrf)) {
        return deny(request, call, csrfSuspected());
      }
      token = parseToken(credential.token);
      const decision = identify(question, token);
      return decision instanceof Promise
        ? decision.catch((error: unknown) => refuse(question, error, token))
        : decision;
    } catch (error) {
      return refuse(question, error, token);
    }
  };

  function identify(question: Question, token: SessionToken): EdgeDecision | Promise<EdgeDecision> {
    const { request, call } = question;
    const known = validator.peek(token, 'nothing', request.ipAddress);
    if (known) return authorize(question, known);
    const options = { ...BOUNDED, signal: call.signal, peer: call.peer.name, ipAddress: request.ipAddress };
    return validator.validate(token, options).then((session) => authorize(question, session));
  }

  function authorize(question: Question, session: CachedSession): EdgeDecision | Promise<EdgeDecision> {
    const { request, policy, call } = question;
    const { permission, resource, minLevel } = policy;
    if (session.authenticationLevel < minLevel) return deny(request, call, levelTooLow(minLevel), session);
    if (permission === undefined) return introduce(question, session);
    const { userId, authzToken, authenticationLevel } = session;
    const asked = { userId, permission, resource, authzToken, authenticationLevel, ipAddress: request.ipAddress };
    return holdsPermission(asked, call).then(
      (held) => (held ? introduce(question, session) : deny(request, call, permissionMissing(), session)),
      (error: unknown) => {
        // Whatever authz has against us, it is nothing that the user could mend.
        throw new Failure('unavailable', 'AUTHZ_UNAVAILABLE', 'The permission could not be checked.', { cause: error });
      },
    );
  }

  /** Gets the token that introduces the session to the upstream. */
  function introduce(question: Question, session: CachedSession): EdgeDecision | Promise<EdgeDecision> {
    const audience = accessTokens.audience(question.policy.audience);
    const nowMs = clock.nowMs();
    const accessToken = accessTokens.peek(session, audience, nowMs);
    if (accessToken !== undefined) return allow(question, session, accessToken);
    return accessTokens.issue(session, audience, nowMs).then(({ token }) => allow(question, session, token));
  }

  function allow({ request, policy, call }: Question, session: CachedSession, accessToken: string): EdgeDecision {
    events.sessionAccepted(call, 'edge', session);
    const changes = headerChanges(request.headers, cookieName, policy.set);
    return { outcome: 'allowed', session, accessToken, policy, changes };
  }

  /** A bad token is a denial, unless nobody needs one; everything else is a fault. */
  function refuse({ request, policy, call }: Question, error: unknown, token?: SessionToken): EdgeDecision {
    if (!isFailure(error) || error.kind !== 'unauthenticated') {
      events.sessionUndecided('edge', isFailure(error) ? error.reason : 'INTERNAL');
      throw error;
    }
    if (!policy.anonymous) return deny(request, call, tokenRefused(error), token);
    events.nobodyAccepted(call);
    const changes = headerChanges(request.headers, cookieName, policy.setForNobody);
    return { outcome: 'anonymous', policy, changes };
  }

  function deny(
    { ipAddress, headers }: HttpRequest,
    call: EdgeCall,
    denial: Denial,
    of?: SessionToken | CachedSession,
  ): EdgeDecision {
    events.sessionRefused(call, 'edge', denial.reason, of?.sessionId, { ipAddress, userAgent: headers['user-agent'] });
    return { outcome: 'denied', denial, session: of && 'userId' in of ? of : undefined };
  }
}
