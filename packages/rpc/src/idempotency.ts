import { Failure } from '@gatehouse/failure';
import type { Handler } from './handler.ts';
import { fieldsInvalid } from './interceptors/limits.ts';

/**
 * A caller's wish that what it asks for is done once, however often it asks: the metadata `idempotency-key`, as the header
 * of that name for HTTP (draft-ietf-httpapi-idempotency-key-header). A service that honours it says so in its proto.
 */
export interface Idempotency {
  /** Chosen by the caller, the same for each repetition. 1 to 64 visible ASCII characters. */
  readonly key: string;
  /** Full name of the RPC. */
  readonly method: string;
  /** A request as it is encoded: with whatever is secret in it, so that it is not for keeping. */
  encodeRequest(request: unknown): Buffer;
  /** A response as it is kept for a repetition: encoded, and without the fields that its proto marks with debug_redact. */
  encodeKept(response: unknown): Buffer;
}

/** What has to be known of an RPC. */
export interface IdempotentRpc {
  readonly path: string;
  readonly encodeRequest: (request: unknown) => Buffer;
  readonly encode: (response: unknown) => Buffer;
  readonly withoutSecrets: (response: unknown) => unknown;
}

export const IDEMPOTENCY_KEY = 'idempotency-key';

const KEY = /^[!-~]{1,64}$/;

/** Reads the metadata; undefined when there is none. Throws Failure `invalid` FIELD_INVALID. */
export function readIdempotency(values: readonly unknown[], rpc: IdempotentRpc): Idempotency | undefined {
  if (values.length === 0) return undefined;
  const [key] = values;
  if (values.length > 1) throw keyInvalid('may be given once');
  if (typeof key !== 'string' || !KEY.test(key)) throw keyInvalid('must be 1 to 64 visible ASCII characters');
  return {
    key,
    method: rpc.path,
    encodeRequest: rpc.encodeRequest,
    encodeKept: (response) => rpc.encode(rpc.withoutSecrets(response)),
  };
}

/** The same handler, which refuses a call with a key: Failure `invalid` IDEMPOTENCY_KEY_UNSUPPORTED. */
export function refuseIdempotencyKeys<Request, Response>(
  handler: Handler<Request, Response>,
): Handler<Request, Response> {
  return (request, call) => {
    if (call.idempotency === undefined) return handler(request, call);
    throw new Failure('invalid', 'IDEMPOTENCY_KEY_UNSUPPORTED', 'This call takes no idempotency key.', {
      fields: [{ field: IDEMPOTENCY_KEY, description: 'is not taken by this call' }],
    });
  };
}

function keyInvalid(description: string): Failure {
  return fieldsInvalid([{ field: IDEMPOTENCY_KEY, description }]);
}
