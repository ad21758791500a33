import type { ValidatedSession } from '../sessions/validated-session.ts';

/** Sessions by the request, or the metadata of the call, that they belong to. */
const attached = new WeakMap<object, ValidatedSession>();

/** The session of a request that has passed a guard: of Express, of Fastify, or a call of a grpc-js server. */
export function sessionOf(request: object): ValidatedSession | undefined {
  const metadata: unknown = Reflect.get(request, 'metadata');
  return attached.get(request) ?? (isObject(metadata) ? attached.get(metadata) : undefined);
}

/** The same where there must be one. Throws Error when there is none: the guard is missing, or lets nobody pass as well. */
export function requireSession(request: object): ValidatedSession {
  const session = sessionOf(request);
  if (!session) throw new Error('The request has no session. Is the guard in front of this route, and required?');
  return session;
}

export function attachSession(request: object, session: ValidatedSession): void {
  attached.set(request, session);
}

/** Attaches what a guard has found, and shows it as `request.session`, unless something else goes by that name. */
export function showSession(request: object, session: ValidatedSession | undefined): void {
  const shown: unknown = Reflect.get(request, 'session');
  const isOurs = shown === undefined || shown === attached.get(request);
  if (session) attached.set(request, session);
  else attached.delete(request);
  if (isOurs) Object.assign(request, { session });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
