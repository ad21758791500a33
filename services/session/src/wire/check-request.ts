import { isUtf8 } from 'node:buffer';
import type { CheckRequest } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { canonicalAddress } from '@gatehouse/verify';
import type { HttpRequest } from '../domain/edge-request.ts';

const NO_SETTINGS: Readonly<Record<string, string>> = {};
const UNUSUAL = /[^ -~]/;

/**
 * Reads the HTTP request that Envoy asks about. `vouchedAddress` is what Envoy takes for the client's address, where it says
 * so; else that of the connection counts, which behind another proxy is the address of that one.
 */
export function toHttpRequest({ attributes }: CheckRequest, vouchedAddress: string | undefined): HttpRequest {
  const http = attributes?.request?.http;
  return {
    method: (http?.method ?? '').toUpperCase(),
    host: http?.host ?? '',
    headers: headersOf(http),
    ipAddress: canonicalAddress(vouchedAddress ?? connectionAddress(attributes) ?? ''),
  };
}

/** The settings of the route: context_extensions. */
export function settingsOf({ attributes }: CheckRequest): Readonly<Record<string, string>> {
  return attributes?.contextExtensions ?? NO_SETTINGS;
}

/**
 * The question that a call asks. Envoy numbers streams by chance and asks with the same message again where no answer came;
 * the header x-request-id would be the client's choice at some of them.
 */
export function questionOf({ attributes }: CheckRequest): { readonly id: string; readonly atMs: number } | undefined {
  const { time, http } = attributes?.request ?? {};
  return time && http?.id ? { id: http.id, atMs: time.getTime() } : undefined;
}

type Attributes = CheckRequest['attributes'];
type Http = NonNullable<NonNullable<NonNullable<Attributes>['request']>['http']>;

function connectionAddress(attributes: Attributes): string | undefined {
  const address = attributes?.source?.address?.address;
  return address?.$case === 'socketAddress' ? address.value.address : undefined;
}

/** Envoy sends headers as one map of texts, or one by one and as bytes when it is set to encode_raw_headers. */
function headersOf(http: Http | undefined): Readonly<Record<string, string>> {
  if (!http?.headerMap) return http?.headers ?? {};
  const headers: Record<string, string> = Object.assign(Object.create(null), http.headers);
  for (const { key, value, rawValue } of http.headerMap.headers) {
    const name = key.toLowerCase();
    const isCookie = name === 'cookie';
    const text = value || (isCookie ? cookieText(rawValue) : textOf(rawValue));
    // RFC 9113, section 8.2.3; RFC 9110, section 5.3.
    const separator = isCookie ? '; ' : ',';
    headers[name] = headers[name] === undefined ? text : headers[name] + separator + text;
  }
  return headers;
}

function textOf(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  return UNUSUAL.test(text) && isUtf8(bytes) ? bytes.toString() : text;
}

/**
 * A Cookie header that can be given back as it came: Envoy takes the texts of an answer in UTF-8 only, so that of a header
 * with other octets those pairs are left out which hold them.
 */
function cookieText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  const pairs = bytes.toString('latin1').split(';');
  const usable = pairs.map((pair) => Buffer.from(pair, 'latin1')).filter(isUtf8);
  return usable.map((pair) => pair.toString()).join(';');
}
