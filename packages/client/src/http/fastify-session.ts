import type { SessionsClient } from '../guard/judge-session.ts';
import { showSession } from '../guard/session-of.ts';
import type { HttpRequest } from './credential.ts';
import { createHttpGuard, type HttpGuardOptions, type HttpVerdict } from './http-guard.ts';

/** The parts of Fastify that the plugin uses, so that whoever does not use Fastify does not need it. */
export type FastifyRequestLike = HttpRequest;

export interface FastifyReplyLike {
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(body: string): unknown;
}

export interface FastifyLike {
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string): unknown;
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: (error?: Error) => void) => void,
  ): unknown;
}

export type FastifySessionPlugin = (instance: FastifyLike, options: unknown, done: () => void) => void;

/** Where Fastify looks whether a plugin belongs to the scope that registers it, rather than to one of its own. */
const SKIP_OVERRIDE = Symbol.for('skip-override');

/**
 * A plugin that lets requests of the scope that registers it pass only with a good session, which is then
 * `request.session` and `sessionOf(request)`. It answers 401 for a session that is missing or no good, 403 where another
 * site may have made the browser ask, and 503 when nobody can tell. Throws TypeError for options that make no sense.
 */
export function fastifySession(client: SessionsClient, options: HttpGuardOptions = {}): FastifySessionPlugin {
  const guard = createHttpGuard(client, options);
  const plugin: FastifySessionPlugin = (instance, _options, done) => {
    if (!instance.hasRequestDecorator('session')) instance.decorateRequest('session');
    instance.addHook('onRequest', (request, reply, next) => {
      const act = (verdict: HttpVerdict) => {
        if (verdict.outcome === 'refused') {
          reply.code(verdict.status);
          reply.headers({ ...verdict.headers });
          reply.send(verdict.body);
          return;
        }
        showSession(request, verdict.outcome === 'session' ? verdict.session : undefined);
        next();
      };
      const verdict = guard(request);
      if (verdict instanceof Promise) verdict.then(act, next);
      else act(verdict);
    });
    done();
  };
  return Object.assign(plugin, { [SKIP_OVERRIDE]: true });
}
