import { Failure, type FailureKind } from '@gatehouse/failure';
import type { Duration } from '@gatehouse/proto/google/protobuf/duration.ts';
import { BadRequest, ErrorInfo, RequestInfo, RetryInfo } from '@gatehouse/proto/google/rpc/error_details.ts';
import { Status } from '@gatehouse/proto/google/rpc/status.ts';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { boundedMessage, boundedMetadata, boundedViolations, DETAILS_BYTES_MAX } from './bounded-error.ts';

/** The gRPC status code of each kind of Failure. */
export const codeOf = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  denied: status.PERMISSION_DENIED,
  missing: status.NOT_FOUND,
  taken: status.ALREADY_EXISTS,
  conflict: status.ABORTED,
  precondition: status.FAILED_PRECONDITION,
  limited: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  cancelled: status.CANCELLED,
  deadline: status.DEADLINE_EXCEEDED,
} as const satisfies Record<FailureKind, status>;

const kindOf = new Map<number, FailureKind>(Object.entries(codeOf).map(([kind, code]) => [code, kind as FailureKind]));

const DETAILS_KEY = 'grpc-status-details-bin';
const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';

/** How a call ends, as grpc-js sends it. */
export interface WireStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Where an ErrorInfo says how many fields are wrong, when the error does not name them all. */
const PROBLEMS = 'problems';

/**
 * The status that a caller gets for something that was thrown. Only a Failure is told, as far as there is room for it
 * (ERROR_BYTES_MAX); all else is INTERNAL.
 */
export function toStatus(error: unknown, domain: string, requestId: string): WireStatus {
  if (!(error instanceof Failure)) {
    return {
      code: status.INTERNAL,
      details: 'Internal error.',
      metadata: detailed(status.INTERNAL, 'Internal error.', [requestInfo(requestId)]),
    };
  }
  const code = codeOf[error.kind];
  const message = boundedMessage(error.message);
  const metadata = boundedMetadata(error.metadata);
  const details = [requestInfo(requestId)];
  if (error.retryAfterMs !== undefined) {
    details.push(pack('RetryInfo', RetryInfo.encode({ retryDelay: toDuration(error.retryAfterMs) }).finish()));
  }
  if (error.fields.length > 0) {
    const count = String(error.fieldCount);
    const others = [...details, errorInfo(error.reason, domain, { ...metadata, [PROBLEMS]: count })];
    const room = DETAILS_BYTES_MAX - Status.encode({ code, message, details: others }).finish().length;
    const fieldViolations = boundedViolations(error.fields, room - BAD_REQUEST_OVERHEAD_BYTES);
    if (fieldViolations.length < error.fieldCount) metadata[PROBLEMS] = count;
    details.push(pack('BadRequest', BadRequest.encode({ fieldViolations }).finish()));
  }
  details.unshift(errorInfo(error.reason, domain, metadata));
  return { code, details: message, metadata: detailed(code, message, details) };
}

/** Of a BadRequest without its violations, as a detail. */
const BAD_REQUEST_OVERHEAD_BYTES = 64;

/** An answer of a peer that is neither a result nor a Failure that it meant us to see. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
}

/** What an error of an outgoing call means. A status with no kind of ours (INTERNAL, UNKNOWN, …) is a PeerError. */
export function fromServiceError(error: ServiceError, method: string): Failure | PeerError {
  const kind = kindOf.get(error.code);
  if (kind === undefined)
    return new PeerError(`${method} answered ${status[error.code] ?? error.code}`, { cause: error });
  const details = readDetails(error.metadata);
  const info = details.get('ErrorInfo');
  const badRequest = details.get('BadRequest');
  const retry = details.get('RetryInfo');
  const { reason = '', metadata = {} } = info ? ErrorInfo.decode(info) : {};
  const fields = badRequest ? BadRequest.decode(badRequest).fieldViolations : [];
  const delay = retry && RetryInfo.decode(retry).retryDelay;
  return new Failure(kind, reason || defaultReason[kind] || 'UNSPECIFIED', error.details, {
    metadata,
    fields,
    fieldCount: Math.max(fields.length, Number(metadata[PROBLEMS]) || 0),
    ...(delay ? { retryAfterMs: Number(delay.seconds) * 1000 + delay.nanos / 1e6 } : {}),
    cause: error,
  });
}

/** Reasons of statuses that the transport makes itself. */
const defaultReason: Partial<Record<FailureKind, string>> = {
  unavailable: 'PEER_UNAVAILABLE',
  deadline: 'DEADLINE_EXCEEDED',
  cancelled: 'CANCELLED',
};

function detailed(code: number, message: string, details: { typeUrl: string; value: Buffer }[]): Metadata {
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(Status.encode({ code, message, details }).finish()));
  return metadata;
}

function pack(type: string, bytes: Uint8Array): { typeUrl: string; value: Buffer } {
  return { typeUrl: TYPE_PREFIX + type, value: Buffer.from(bytes) };
}

function errorInfo(reason: string, domain: string, metadata: Record<string, string>) {
  return pack('ErrorInfo', ErrorInfo.encode({ reason, domain, metadata }).finish());
}

function requestInfo(requestId: string): { typeUrl: string; value: Buffer } {
  return pack('RequestInfo', RequestInfo.encode({ requestId, servingData: '' }).finish());
}

function readDetails(metadata: Metadata | undefined): Map<string, Uint8Array> {
  const bytes = metadata?.get(DETAILS_KEY)[0];
  if (!Buffer.isBuffer(bytes)) return new Map();
  return new Map(Status.decode(bytes).details.map(({ typeUrl, value }) => [typeUrl.replace(TYPE_PREFIX, ''), value]));
}

function toDuration(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
