import type { Credential } from '@gatehouse/verify';
import {
  createJudge,
  type GuardOptions,
  type Refusal,
  type SessionsClient,
  type Verdict,
} from '../guard/judge-session.ts';
import { credentialOf, type HttpRequest } from './credential.ts';
import { type CsrfOptions, suspectsCsrf } from './csrf.ts';
import { cookieNameProblem, SESSION_COOKIE } from './session-cookie.ts';

export interface HttpGuardOptions extends GuardOptions, CsrfOptions {
  /** Name of the session's cookie: `__Host-gatehouse_session` when absent. */
  readonly cookieName?: string;
}

/** An answer that refuses a request. */
export interface HttpRefusal {
  readonly outcome: 'refused';
  readonly status: 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON: a stable reason and a sentence. */
  readonly body: string;
}

export type HttpVerdict = Exclude<Verdict, Refusal> | HttpRefusal;

/** Decides about a request; at once where the session is in memory. */
export type HttpGuard = (request: HttpRequest) => HttpVerdict | Promise<HttpVerdict>;

const CSRF: Refusal = {
  outcome: 'refused',
  why: 'csrf',
  reason: 'CSRF_SUSPECTED',
  message: 'The request seems to come from another site.',
  retryAfterMs: 0,
};

/** The rules of the HTTP guards, whatever the framework. Throws TypeError for options that make no sense. */
export function createHttpGuard(client: SessionsClient, options: HttpGuardOptions): HttpGuard {
  const { cookieName = SESSION_COOKIE, minimumLevel = 1 } = options;
  const problem = cookieNameProblem(cookieName);
  if (problem) throw new TypeError(problem);
  const judge = createJudge(client, options);
  const answer = (verdict: Verdict): HttpVerdict =>
    verdict.outcome === 'refused' ? toHttpRefusal(verdict, minimumLevel) : verdict;

  return (request) => {
    const credential = () => credentialOf(request, cookieName);
    if (comesFromElsewhere(credential, request, options)) return toHttpRefusal(CSRF, minimumLevel);
    const verdict = judge(() => credential().token);
    return verdict instanceof Promise ? verdict.then(answer) : answer(verdict);
  };
}

/** Only a cookie is sent without the will of who holds it. */
function comesFromElsewhere(
  credential: () => Credential,
  { method = '', headers }: HttpRequest,
  options: CsrfOptions,
): boolean {
  if (headers.cookie === undefined || !suspectsCsrf({ method, headers }, options)) return false;
  try {
    return credential().carrier === 'cookie';
  } catch {
    return false;
  }
}

function toHttpRefusal({ why, reason, message, retryAfterMs }: Refusal, minimumLevel: number): HttpRefusal {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  if (why === 'credential') headers['www-authenticate'] = challenge(reason, message);
  if (why === 'level') {
    // RFC 9470, section 3: the user has to prove more.
    headers['www-authenticate'] =
      `Bearer realm="gatehouse", error="insufficient_user_authentication", acr_values="${minimumLevel}"`;
  }
  if (why === 'unavailable') headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  const status = why === 'unavailable' ? 503 : why === 'csrf' ? 403 : 401;
  return { outcome: 'refused', status, headers, body: `${JSON.stringify({ reason, message })}\n` };
}

/** RFC 6750, section 3: a request without a credential is told the scheme and no error. */
function challenge(reason: string, message: string): string {
  if (reason === 'SESSION_TOKEN_MISSING') return 'Bearer realm="gatehouse"';
  const description = message.replace(/[^ !#-[\]-~]/g, '');
  return `Bearer realm="gatehouse", error="invalid_token", error_description="${description}"`;
}
