import { createHash } from 'node:crypto';
import type { Failure } from '@gatehouse/failure';
import { fieldsInvalid } from './interceptors/limits.ts';

/**
 * A caller's wish that what it asks for is done once, however often it asks: the metadata `idempotency-key`, as the header
 * of that name for HTTP (draft-ietf-httpapi-idempotency-key-header). A service that honours it says so in its proto.
 */
export interface Idempotency {
  /** Chosen by the caller, the same for each repetition. 1 to 64 visible ASCII characters. */
  readonly key: string;
  /** SHA-256 over the name of the RPC and the request as it is encoded. */
  digest(request: unknown): Buffer;
  /** A response as it is sent. */
  encode(response: unknown): Buffer;
}

/** What has to be known of an RPC. */
export interface IdempotentRpc {
  readonly path: string;
  readonly encodeRequest: (request: unknown) => Buffer;
  readonly encode: (response: unknown) => Buffer;
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
    digest: (request) => createHash('sha256').update(rpc.path).update('\0').update(rpc.encodeRequest(request)).digest(),
    encode: rpc.encode,
  };
}

function keyInvalid(description: string): Failure {
  return fieldsInvalid([{ field: IDEMPOTENCY_KEY, description }]);
}
