import type { HttpAnswer, HttpRoute } from '@gatehouse/http';
import { isUuid, uuidv7 } from '@gatehouse/process';
import { type AccessRule, continueTrace } from '@gatehouse/rpc';
import { canonicalAddress, trimBlanks } from '@gatehouse/verify';
import type { Deps } from '../deps.ts';
import { toAnswer } from '../domain/edge-answer.ts';
import type { EdgeDecision } from '../domain/edge-decision.ts';
import type { Headers, HttpRequest } from '../domain/edge-request.ts';
import { decider } from '../edge/decide.ts';
import { policies } from '../edge/policies.ts';

/** Where proxies ask. What follows a further slash are the settings of the route: /forward-auth/min_level=2&csrf=off. */
export const FORWARD_AUTH_PATH = '/forward-auth';

/** Headers that the answer gives back as far as the upstream may have them. */
const PASSED_ON = ['cookie', 'authorization'] as const;

/**
 * The question of nginx (auth_request), Caddy (forward_auth) and Traefik (ForwardAuth): the headers of the request, and
 * X-Forwarded-Method, -Host and -For, which the proxy sets over whatever the client sent. The answer is 200 with the
 * headers for the upstream, Cookie and Authorization included where something is left of them, or a denial. These proxies
 * can't be told which headers to take away: a request with one that they would not overwrite is refused. The settings are
 * in the path and not in the query, where some proxies leave that of the request.
 */
export function forwardAuthRoute(deps: Deps, access: AccessRule): HttpRoute {
  const decide = decider(deps, { removesHeaders: false });
  const routes = policies(deps);
  return {
    name: 'forward-auth',
    method: 'GET',
    access,
    matches: (path) => path === FORWARD_AUTH_PATH || path.startsWith(`${FORWARD_AUTH_PATH}/`),
    handle({ path, query, headers, peer, deadlineMs, signal }) {
      const policy = routes.ofUrl(path.slice(FORWARD_AUTH_PATH.length + 1), query);
      const id = headers['x-request-id'] ?? '';
      const decision = decide(toHttpRequest(headers), policy, {
        peer,
        requestId: isUuid(id) ? id : uuidv7(),
        trace: continueTrace(headers.traceparent),
        actor: undefined,
        deadlineMs,
        signal,
      });
      return decision instanceof Promise
        ? decision.then((decided) => toHttpAnswer(decided, headers))
        : toHttpAnswer(decision, headers);
    },
  };
}

function toHttpRequest(headers: Headers): HttpRequest {
  return {
    method: (headers['x-forwarded-method'] ?? '').toUpperCase(),
    host: headers['x-forwarded-host'] ?? headers.host ?? '',
    headers,
    ipAddress: clientAddress(headers['x-forwarded-for']),
  };
}

/** The last address is the one that the asking proxy has seen itself; those before it are hearsay. */
function clientAddress(forwardedFor = ''): string | undefined {
  return canonicalAddress(trimBlanks(forwardedFor.slice(forwardedFor.lastIndexOf(',') + 1)));
}

function toHttpAnswer(decision: EdgeDecision, headers: Headers): HttpAnswer {
  const answer = toAnswer(decision);
  if (!answer.allowed) return answer;
  const settled = new Set([...answer.remove, ...answer.set.map(([name]) => name)]);
  const kept = PASSED_ON.flatMap((name) => {
    const value = headers[name];
    return value === undefined || settled.has(name) ? [] : [[name, value] as const];
  });
  return { status: 200, headers: [...answer.set, ...kept, ['cache-control', 'no-store']], body: '' };
}
