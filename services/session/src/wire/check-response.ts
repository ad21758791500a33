import type { Failure } from '@gatehouse/failure';
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
} from '@gatehouse/proto/envoy/config/core/v3/base.ts';
import type { CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import type { Session } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type HeaderChanges, METHODS_HEADER, SESSION_HEADER, SUBJECT_HEADER } from '../domain/edge-request.ts';

/** What the edge decided about a request. */
export type EdgeDecision =
  | { readonly allowed: true; readonly session: Session; readonly changes: HeaderChanges }
  | { readonly allowed: false; readonly failure: Failure };

/** google.rpc.Code. Envoy takes 0 for permission, and 0 is what an empty message says. */
const OK = 0;
const UNAUTHENTICATED = 16;
const HTTP_UNAUTHORIZED = 401;

/**
 * The answer to Envoy. Every answer is built here, so that none can leave without a status of its own: Envoy takes a
 * CheckResponse in which nothing is set for permission.
 */
export function toCheckResponse(decision: EdgeDecision): CheckResponse {
  return decision.allowed ? allowed(decision) : denied(decision.failure);
}

function allowed({ session, changes: { cookie, remove } }: EdgeDecision & { allowed: true }): CheckResponse {
  return {
    status: { code: OK, message: 'OK', details: [] },
    httpResponse: {
      $case: 'okResponse',
      value: {
        headers: [
          header(SUBJECT_HEADER, session.userId),
          header(SESSION_HEADER, session.sessionId),
          header(METHODS_HEADER, session.authenticationMethods.join(' ')),
          ...(cookie === undefined ? [] : [header('cookie', cookie)]),
        ],
        headersToRemove: [...remove],
        dynamicMetadata: undefined,
        responseHeadersToAdd: [],
        queryParametersToSet: [],
        queryParametersToRemove: [],
      },
    },
    dynamicMetadata: { subject: session.userId, session: session.sessionId },
  };
}

function denied({ reason, message }: Failure): CheckResponse {
  // RFC 6750, section 3: a request without a credential is told the scheme and no error.
  const error = reason === 'SESSION_TOKEN_MISSING' ? '' : `, error="invalid_token", error_description="${message}"`;
  return {
    status: { code: UNAUTHENTICATED, message: reason, details: [] },
    httpResponse: {
      $case: 'deniedResponse',
      value: {
        status: { code: HTTP_UNAUTHORIZED },
        headers: [
          header('www-authenticate', `Bearer realm="gatehouse"${error}`),
          header('x-ext-auth-reason', reason),
          header('content-type', 'application/json'),
          header('cache-control', 'no-store'),
        ],
        body: `${JSON.stringify({ reason, message })}\n`,
      },
    },
    dynamicMetadata: { reason },
  };
}

/** A header that replaces every copy that is there. */
function header(key: string, value: string): HeaderValueOption {
  return {
    header: { key, value, rawValue: Buffer.alloc(0) },
    append: undefined,
    appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    keepEmptyValue: false,
  };
}
