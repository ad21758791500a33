import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionsClient } from '../guard/judge-session.ts';
import { showSession } from '../guard/session-of.ts';
import { createHttpGuard, type HttpGuardOptions, type HttpVerdict } from './http-guard.ts';

/** Middleware of Express, and of anything else that hands on the request and response of Node. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Middleware that lets a request pass only with a good session, which is then `request.session` and
 * `sessionOf(request)`. It answers 401 for a session that is missing or no good, 403 where another site may have made the
 * browser ask, and 503 when nobody can tell. Throws TypeError for options that make no sense.
 */
export function expressSession(client: SessionsClient, options: HttpGuardOptions = {}): ExpressMiddleware {
  const guard = createHttpGuard(client, options);
  return (request, response, next) => {
    const act = (verdict: HttpVerdict) => {
      if (verdict.outcome === 'refused')
        return void response.writeHead(verdict.status, verdict.headers).end(verdict.body);
      showSession(request, verdict.outcome === 'session' ? verdict.session : undefined);
      next();
    };
    const verdict = guard(request);
    if (verdict instanceof Promise) verdict.then(act, next);
    else act(verdict);
  };
}
