import { uuidv7 } from '@gatehouse/process';
import { SocketAddress_Protocol } from '@gatehouse/proto/envoy/config/core/v3/address.ts';
import type { AttributeContext_HttpRequest } from '@gatehouse/proto/envoy/service/auth/v3/attribute_context.ts';
import { CheckRequest, CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { Question } from './prove.ts';
import type { KnownSession } from './sessions.ts';

const OK = 0;

/** Asks, as Envoy does, whether a browser's request with each session's token may pass. Right is to name that session. */
export function edgeChecks(sessions: readonly KnownSession[]): Question[] {
  return sessions.map(({ token, sessionId, userId }) => ({
    request: CheckRequest.encode(checkRequest(token)).finish(),
    judge: (answer) => {
      const { status, httpResponse } = CheckResponse.decode(answer);
      const added = httpResponse?.$case === 'okResponse' ? httpResponse.value.headers : [];
      const values = new Map(added.map(({ header }) => [header?.key, header?.value]));
      const isRight =
        status?.code === OK && values.get('x-auth-session') === sessionId && values.get('x-auth-subject') === userId;
      if (!isRight) throw new Error(`The edge did not let session ${sessionId} pass as itself.`);
    },
  }));
}

function checkRequest(token: string): CheckRequest {
  const requestId = uuidv7();
  return {
    attributes: {
      source: peer('203.0.113.7', 51_234),
      destination: peer('10.0.12.34', 8443),
      request: { time: new Date(), http: httpRequest(requestId, token) },
      contextExtensions: {},
      metadataContext: { filterMetadata: {}, typedFilterMetadata: {} },
      routeMetadataContext: { filterMetadata: {}, typedFilterMetadata: {} },
      tlsSession: undefined,
    },
  };
}

function peer(address: string, port: number) {
  const socketAddress = {
    protocol: SocketAddress_Protocol.TCP,
    address,
    portSpecifier: { $case: 'portValue', value: port },
    resolverName: '',
    ipv4Compat: false,
    networkNamespaceFilepath: '',
  } as const;
  const chosen = { $case: 'socketAddress', value: socketAddress } as const;
  return { address: { address: chosen }, service: '', labels: {}, principal: '', certificate: '' };
}

function httpRequest(requestId: string, token: string): AttributeContext_HttpRequest {
  return {
    id: '12345678901234567890',
    method: 'GET',
    path: '/api/orders?page=2&sort=created',
    host: 'shop.example.com',
    scheme: 'https',
    query: '',
    fragment: '',
    size: -1n,
    protocol: 'HTTP/2',
    body: '',
    rawBody: Buffer.alloc(0),
    headerMap: undefined,
    headers: headers(requestId, token),
  };
}

/** The fifteen headers that Envoy has of a browser's call. */
function headers(requestId: string, token: string): Record<string, string> {
  return {
    ':authority': 'shop.example.com',
    ':method': 'GET',
    ':path': '/api/orders?page=2&sort=created',
    ':scheme': 'https',
    accept: 'application/json, text/plain, */*',
    'accept-encoding': 'gzip, deflate, br, zstd',
    'accept-language': 'en-GB,en;q=0.9,de;q=0.8',
    authorization: `Bearer ${token}`,
    cookie: 'theme=dark; consent=all; cart=01930f6e5b2a7c3d',
    referer: 'https://shop.example.com/orders',
    'sec-fetch-mode': 'cors',
    'user-agent':
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'x-request-id': requestId,
  };
}
