import type { CheckRequest } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { HttpRequest } from '../domain/edge-request.ts';

const NO_SETTINGS: Readonly<Record<string, string>> = {};

/** Reads the HTTP request that Envoy asks about. */
export function toHttpRequest({ attributes }: CheckRequest): HttpRequest {
  const http = attributes?.request?.http;
  const address = attributes?.source?.address?.address;
  return {
    method: (http?.method ?? '').toUpperCase(),
    host: http?.host ?? '',
    headers: headersOf(http),
    ipAddress: address?.$case === 'socketAddress' ? address.value.address : undefined,
  };
}

/** The settings of the route: context_extensions. */
export function settingsOf({ attributes }: CheckRequest): Readonly<Record<string, string>> {
  return attributes?.contextExtensions ?? NO_SETTINGS;
}

type Http = NonNullable<NonNullable<NonNullable<CheckRequest['attributes']>['request']>['http']>;

/** Envoy sends headers as one map, or one by one when it is set to encode_raw_headers. */
function headersOf(http: Http | undefined): Readonly<Record<string, string>> {
  if (!http?.headerMap) return http?.headers ?? {};
  const headers: Record<string, string> = Object.assign(Object.create(null), http.headers);
  for (const { key, value, rawValue } of http.headerMap.headers) {
    const name = key.toLowerCase();
    const text = value || rawValue.toString('latin1');
    const separator = name === 'cookie' ? '; ' : ',';
    headers[name] = headers[name] === undefined ? text : headers[name] + separator + text;
  }
  return headers;
}
