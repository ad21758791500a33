import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
} from '@gatehouse/proto/envoy/config/core/v3/base.ts';
import type { CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { EdgeAnswer, Header } from '../domain/edge-answer.ts';

/** google.rpc.Code. Envoy takes 0 for permission, and 0 is what an empty message says. */
const OK = 0;
const CODES = { 400: 3, 401: 16, 403: 7, 500: 13 } as const;

/**
 * The answer to Envoy. Every answer is built here, so that none can leave without a status of its own: Envoy takes a
 * CheckResponse in which nothing is set for permission.
 */
export function toCheckResponse(answer: EdgeAnswer): CheckResponse {
  return answer.allowed ? allowed(answer) : denied(answer);
}

function allowed({ set, remove, metadata }: EdgeAnswer & { allowed: true }): CheckResponse {
  return {
    status: { code: OK, message: 'OK', details: [] },
    httpResponse: {
      $case: 'okResponse',
      value: {
        headers: set.map(overwriting),
        headersToRemove: [...remove],
        dynamicMetadata: undefined,
        responseHeadersToAdd: [],
        queryParametersToSet: [],
        queryParametersToRemove: [],
      },
    },
    dynamicMetadata: metadata,
  };
}

function denied({ status, reason, headers, body, metadata }: EdgeAnswer & { allowed: false }): CheckResponse {
  return {
    status: { code: CODES[status], message: reason, details: [] },
    httpResponse: {
      $case: 'deniedResponse',
      value: { status: { code: status }, headers: headers.map(overwriting), body },
    },
    dynamicMetadata: metadata,
  };
}

/** A header that replaces every copy that is there. */
function overwriting([key, value]: Header): HeaderValueOption {
  return {
    header: { key, value, rawValue: Buffer.alloc(0) },
    append: undefined,
    appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    keepEmptyValue: false,
  };
}
