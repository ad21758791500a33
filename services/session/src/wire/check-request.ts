import type { EventOrigin, EventSource } from '@gatehouse/mesh';
import { isUuid } from '@gatehouse/process';
import type { CheckRequest } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { Call } from '@gatehouse/rpc';
import type { Headers } from '../domain/edge-request.ts';

/** The HTTP request that Envoy asks about. */
export interface EdgeRequest {
  readonly headers: Headers;
  readonly origin: EventOrigin;
  /** The call, under the request id of the HTTP request where that has one. */
  readonly source: EventSource;
}

/** Reads a CheckRequest. Envoy sends headers as one map, or one by one when it is set to encode_raw_headers. */
export function toEdgeRequest({ attributes }: CheckRequest, call: Call): EdgeRequest {
  const http = attributes?.request?.http;
  const headers: Record<string, string> = Object.assign(Object.create(null), http?.headers);
  for (const { key, value, rawValue } of http?.headerMap?.headers ?? []) {
    const name = key.toLowerCase();
    const text = value || rawValue.toString('latin1');
    const separator = name === 'cookie' ? '; ' : ',';
    headers[name] = headers[name] === undefined ? text : headers[name] + separator + text;
  }
  const address = attributes?.source?.address?.address;
  const requestId = headers['x-request-id'] ?? http?.id ?? '';
  return {
    headers,
    origin: {
      ipAddress: address?.$case === 'socketAddress' ? address.value.address : undefined,
      userAgent: headers['user-agent'],
    },
    source: {
      peer: call.peer,
      trace: call.trace,
      actor: undefined,
      requestId: isUuid(requestId) ? requestId : call.requestId,
    },
  };
}
