import { randomInt } from 'node:crypto';
import type { CheckRequest } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';

/** Headers that Envoy sends of a browser's request, pseudo-headers included. */
const BROWSER_HEADERS = {
  ':authority': 'shop.example.com',
  ':method': 'GET',
  ':path': '/orders/42?full=1',
  ':scheme': 'https',
  accept: 'text/html,application/xhtml+xml',
  'accept-encoding': 'gzip, br',
  'accept-language': 'en-GB,en;q=0.8',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'user-agent': 'Firefox/150.0',
  'x-envoy-external-address': '198.51.100.23',
  'x-forwarded-for': '198.51.100.23',
  'x-forwarded-proto': 'https',
};

/** What Envoy's ext_authz filter asks about a browser's request with these headers besides the usual ones. */
export function envoyCheckRequest(headers: Readonly<Record<string, string>>): CheckRequest {
  return {
    attributes: {
      source: peer('198.51.100.23', 51_234),
      destination: peer('10.0.0.5', 8_443),
      request: {
        time: new Date(),
        http: {
          id: String(randomInt(2 ** 48 - 1)),
          method: 'GET',
          headers: { ...BROWSER_HEADERS, ...headers },
          headerMap: undefined,
          path: '/orders/42?full=1',
          host: 'shop.example.com',
          scheme: 'https',
          query: '',
          fragment: '',
          size: 0n,
          protocol: 'HTTP/2',
          body: '',
          rawBody: Buffer.alloc(0),
        },
      },
      contextExtensions: {},
      metadataContext: undefined,
      routeMetadataContext: undefined,
      tlsSession: undefined,
    },
  };
}

function peer(address: string, port: number) {
  const value = {
    protocol: 0 as const,
    address,
    portSpecifier: { $case: 'portValue' as const, value: port },
    resolverName: '',
    ipv4Compat: false,
    networkNamespaceFilepath: '',
  };
  return {
    address: { address: { $case: 'socketAddress' as const, value } },
    service: '',
    labels: {},
    principal: '',
    certificate: '',
  };
}
