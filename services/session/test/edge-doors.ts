import { AuthorizationService, type CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { ask, envoyCheckRequest, freePort, type HttpReply, testAuthority } from '@gatehouse/testing';
import { type SessionConfig, startSession } from './harness.ts';

/** An HTTP request, and what its route is set to. */
export interface EdgeCase {
  readonly policy?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly host?: string;
  /** The client's, as the proxy tells it. */
  readonly address?: string;
  /** Each character is an octet; a list is a header that is sent several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** What a door says, in words that both have. */
export interface EdgeVerdict {
  readonly status: number;
  /** Of a denial. */
  readonly reason: string | undefined;
  readonly challenge: string | undefined;
  readonly body: string;
  /** Headers that the edge sets for the upstream. */
  readonly upstream: Readonly<Record<string, string>>;
  /** What the upstream gets of the headers that hold credentials, as octets. */
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
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
    grpc: async (asked: EdgeCase) => fromCheck(asked, await envoy.check(toCheck(asked))),
    /** As Envoy asks when it is set to encode_raw_headers. */
    grpcRaw: async (asked: EdgeCase) => fromCheck(asked, await envoy.check(toRawCheck(asked))),
    http: async (asked: EdgeCase) => fromHttp(await ask(url + toPath(asked), { headers: toForwarded(asked) }, nginx)),
    stop: () => rig.stop(),
  };
}

export type Doors = Awaited<ReturnType<typeof startDoors>>;
export type { SessionConfig };

function toCheck({ policy = {}, method = 'GET', host = HOST, headers = {}, address = CLIENT }: EdgeCase) {
  // Envoy joins with a comma what was sent several times.
  const joined = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(',')]);
  const request = envoyCheckRequest(Object.fromEntries(joined));
  const { attributes } = request;
  if (!attributes?.request?.http) throw new Error('The request has no HTTP part.');
  Object.assign(attributes.request.http, { method, host });
  Object.assign(attributes.source?.address?.address?.value ?? {}, { address });
  return { ...request, attributes: { ...attributes, contextExtensions: { ...policy } } };
}

function toRawCheck(asked: EdgeCase) {
  const check = toCheck(asked);
  const http = check.attributes.request?.http;
  if (!http) throw new Error('The request has no HTTP part.');
  // What was sent several times is joined here as well, except for cookies.
  const { cookie: _joined, ...others } = http.headers;
  const cookies = [asked.headers?.cookie ?? []].flat().map((text) => ['cookie', text] as const);
  const headers = [...Object.entries(others), ...cookies].map(([key, text]) => ({
    key,
    value: '',
    rawValue: Buffer.from(text, 'latin1'),
  }));
  Object.assign(http, { headers: {}, headerMap: { headers } });
  return check;
}

function toPath({ policy = {} }: EdgeCase): string {
  const settings = Object.entries(policy).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return settings.length === 0 ? '/forward-auth' : `/forward-auth/${settings.join('&')}`;
}

function toForwarded({ method = 'GET', host = HOST, headers = {}, address = CLIENT }: EdgeCase) {
  return {
    ...headers,
    'x-forwarded-method': method,
    'x-forwarded-host': host,
    'x-forwarded-uri': '/orders/42?full=1',
    'x-forwarded-for': address,
  };
}

function fromCheck({ headers = {} }: EdgeCase, { status, httpResponse }: CheckResponse): EdgeVerdict {
  if (httpResponse?.$case === 'okResponse' && status?.code === 0) {
    const { value } = httpResponse;
    const set = value.headers.map(({ header }) => [header?.key ?? '', header?.value ?? ''] as const);
    const passed = (name: 'cookie' | 'authorization', separator: string) => {
      const text = set.find(([key]) => key === name)?.[1];
      if (text !== undefined) return Buffer.from(text).toString('latin1');
      const sent = [headers[name] ?? []].flat();
      return sent.length === 0 || value.headersToRemove.includes(name) ? undefined : sent.join(separator);
    };
    return {
      status: 200,
      reason: undefined,
      challenge: undefined,
      body: '',
      upstream: Object.fromEntries(set.filter(([name]) => !HTTP_ONLY.has(name))),
      cookie: passed('cookie', '; '),
      authorization: passed('authorization', ', '),
    };
  }
  if (httpResponse?.$case !== 'deniedResponse' || status?.code === 0) throw new Error('The answer contradicts itself.');
  const { value } = httpResponse;
  const denying = Object.fromEntries(value.headers.map(({ header }) => [header?.key, header?.value]));
  return denial(value.status?.code ?? 0, denying, value.body);
}

function fromHttp({ status, headers, body }: HttpReply): EdgeVerdict {
  if (status !== 200) return denial(status, headers, body);
  const upstream = Object.fromEntries(Object.entries(headers).filter(([name]) => !HTTP_ONLY.has(name)));
  const { cookie, authorization } = headers;
  return { status, reason: undefined, challenge: undefined, body, upstream, cookie, authorization };
}

function denial(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): EdgeVerdict {
  const { 'x-ext-auth-reason': reason, 'www-authenticate': challenge } = headers;
  return { status, reason, challenge, body, upstream: {}, cookie: undefined, authorization: undefined };
}
