import { BadRequest, ErrorInfo, RequestInfo, RetryInfo } from '@gatehouse/proto/google/rpc/error_details.ts';
import { Status } from '@gatehouse/proto/google/rpc/status.ts';
import { type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { GatehouseError, type GatehouseErrorCode } from '../gatehouse-error.ts';

const DETAILS_KEY = 'grpc-status-details-bin';
const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';

/** Reasons of statuses that the transport makes itself, and that therefore say no more. */
const BARE_REASONS: Partial<Record<GatehouseErrorCode, string>> = {
  UNAVAILABLE: 'SERVER_UNREACHABLE',
};

/** What a status that ended a call means. */
export function toGatehouseError(error: ServiceError): GatehouseError {
  const code = (status[error.code] ?? 'UNKNOWN') as GatehouseErrorCode;
  const details = readDetails(error.metadata);
  const info = decode(details.get('ErrorInfo'), ErrorInfo.decode);
  const delay = decode(details.get('RetryInfo'), RetryInfo.decode)?.retryDelay;
  const requestId = decode(details.get('RequestInfo'), RequestInfo.decode)?.requestId;
  return new GatehouseError(code, info?.reason || BARE_REASONS[code] || code, error.details, {
    metadata: info?.metadata ?? {},
    fields: decode(details.get('BadRequest'), BadRequest.decode)?.fieldViolations.map(toViolation) ?? [],
    ...(delay ? { retryAfterMs: Number(delay.seconds) * 1000 + delay.nanos / 1e6 } : {}),
    ...(requestId ? { requestId } : {}),
    cause: error,
  });
}

/** What is thrown to a caller that has aborted its own signal. */
export function abortedBy(signal: AbortSignal): GatehouseError {
  const cause: unknown = signal.reason;
  if (cause instanceof GatehouseError) return cause;
  return cause instanceof Error && cause.name === 'TimeoutError'
    ? new GatehouseError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'The caller has waited long enough.', { cause })
    : new GatehouseError('CANCELLED', 'CANCELLED', 'The caller has cancelled the call.', { cause });
}

/** What is thrown to a caller whose time is over. */
export function outOfTime(): GatehouseError {
  return new GatehouseError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'The service did not answer in time.');
}

function toViolation({ field, description }: { field: string; description: string }) {
  return { field, description };
}

function readDetails(metadata: Metadata | undefined): Map<string, Uint8Array> {
  const bytes = metadata?.get(DETAILS_KEY)[0];
  const details = Buffer.isBuffer(bytes) ? decode(bytes, Status.decode)?.details : undefined;
  return new Map(details?.map(({ typeUrl, value }) => [typeUrl.replace(TYPE_PREFIX, ''), value]));
}

/** Details that can't be read are left out: they only add to the status, which is there in any case. */
function decode<T>(bytes: Uint8Array | undefined, read: (bytes: Uint8Array) => T): T | undefined {
  if (!bytes) return undefined;
  try {
    return read(bytes);
  } catch {
    return undefined;
  }
}
