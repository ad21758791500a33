import { AuthorizationService, type CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { ask, envoyCheckRequest, freePort, type HttpReply, testAuthority } from '@gatehouse/testing';
import { type SessionConfig, startSession } from './harness.ts';

/** An HTTP request, and what its route is set to. */
export interface EdgeCase {
  readonly policy?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a door says, in words that both have. */
export interface EdgeVerdict {
  readonly status: number;
  /** Of a denial. */
  readonly reason: string | undefined;
  readonly challenge: string | undefined;
  readonly body: string;
  /** Headers for the upstream, but those that only one door gives back. */
  readonly upstream: Readonly<Record<string, string>>;
}

const HOST = 'shop.example.com';
const CLIENT = '198.51.100.23';
/** What HTTP adds to an answer on its own, or gives back because it can't say "remove". */
const HTTP_ONLY = new Set(['date', 'connection', 'content-length', 'cache-control', 'cookie', 'authorization']);

/** The session service with both doors open, each as the proxy that comes through it. */
export async function startDoors(options: Parameters<typeof startSession>[0] = {}) {
  const port = await freePort();
  const env = { ...options?.env, GATEHOUSE_SESSION_HTTP_LISTEN: `127.0.0.1:${port}` };
  const rig = await startSession({ ...options, env });
  const authority = await testAuthority();
  const nginx = await authority.issue('edge/nginx');
  const url = `https://localhost:${port}`;
  const envoy = rig.service.connectAs('edge/envoy', AuthorizationService);
  return {
    rig,
    authority,
    url,
    port,
    grpc: async (asked: EdgeCase) => fromCheck(await envoy.check(toCheck(asked))),
    http: async (asked: EdgeCase) => fromHttp(await ask(url + toPath(asked), { headers: toForwarded(asked) }, nginx)),
    stop: () => rig.stop(),
  };
}

export type Doors = Awaited<ReturnType<typeof startDoors>>;
export type { SessionConfig };

function toCheck({ policy = {}, method = 'GET', host = HOST, headers = {} }: EdgeCase) {
  const request = envoyCheckRequest(headers);
  const { attributes } = request;
  if (!attributes?.request?.http) throw new Error('The request has no HTTP part.');
  Object.assign(attributes.request.http, { method, host });
  return { ...request, attributes: { ...attributes, contextExtensions: { ...policy } } };
}

function toPath({ policy = {} }: EdgeCase): string {
  const settings = Object.entries(policy).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return settings.length === 0 ? '/forward-auth' : `/forward-auth/${settings.join('&')}`;
}

function toForwarded({ method = 'GET', host = HOST, headers = {} }: EdgeCase): Record<string, string> {
  return {
    ...headers,
    'x-forwarded-method': method,
    'x-forwarded-host': host,
    'x-forwarded-uri': '/orders/42?full=1',
    'x-forwarded-for': CLIENT,
  };
}

function fromCheck({ status, httpResponse }: CheckResponse): EdgeVerdict {
  if (httpResponse?.$case === 'okResponse' && status?.code === 0) {
    const set = httpResponse.value.headers.map(({ header }) => [header?.key ?? '', header?.value ?? ''] as const);
    const upstream = Object.fromEntries(set.filter(([name]) => !HTTP_ONLY.has(name)));
    return { status: 200, reason: undefined, challenge: undefined, body: '', upstream };
  }
  if (httpResponse?.$case !== 'deniedResponse' || status?.code === 0) throw new Error('The answer contradicts itself.');
  const { value } = httpResponse;
  const headers = Object.fromEntries(value.headers.map(({ header }) => [header?.key, header?.value]));
  return denial(value.status?.code ?? 0, headers, value.body);
}

function fromHttp({ status, headers, body }: HttpReply): EdgeVerdict {
  if (status !== 200) return denial(status, headers, body);
  const upstream = Object.fromEntries(Object.entries(headers).filter(([name]) => !HTTP_ONLY.has(name)));
  return { status, reason: undefined, challenge: undefined, body, upstream };
}

function denial(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): EdgeVerdict {
  const reason = headers['x-ext-auth-reason'];
  return { status, reason, challenge: headers['www-authenticate'], body, upstream: {} };
}
