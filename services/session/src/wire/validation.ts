import { type Failure, isFailure } from '@gatehouse/failure';
import { SessionValidation } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Encoded } from '@gatehouse/rpc';
import { toReasonMessage } from './session.ts';

/** Field 1 of BatchValidateSessionsResponse, length-delimited (Protocol Buffers, Encoding). */
const RESULT_TAG = 0x0a;

/** Results that say the same are the same bytes. Their number is that of the reasons in the code. */
const encoded = new Map<string, Encoded>();

/** Whether a failed validation is a result that its caller gets: the token is refused, or no store could tell. */
export function isResult(error: unknown): error is Failure {
  return isFailure(error) && (error.kind === 'unauthenticated' || isUndecided(error));
}

/** Whether a result says that no store could tell. */
export function isUndecided({ kind }: Failure): boolean {
  return kind === 'unavailable' || kind === 'deadline';
}

/** A SessionValidation, and as well a StreamValidateSessionsResponse, that says why there is no session. */
export function toRefusal(failure: Failure): Encoded {
  const revokedReason = toReasonMessage(failure.metadata.revoked_reason);
  const key = `${failure.kind} ${failure.reason} ${revokedReason}`;
  const known = encoded.get(key);
  if (known) return known;
  const value = { reason: failure.reason, retryable: isUndecided(failure), revokedReason };
  const bytes = Buffer.from(SessionValidation.encode({ result: { $case: 'refusal', value } }).finish());
  encoded.set(key, bytes);
  return bytes;
}

/**
 * A BatchValidateSessionsResponse of these results, each the bytes of a SessionValidation. Throws when one is missing or
 * empty: whoever reads an empty result might take it for a good one.
 */
export function toBatchReply(results: readonly (Encoded | undefined)[]): Encoded {
  let size = 0;
  for (let i = 0; i < results.length; i += 1) {
    const length = results[i]?.length ?? 0;
    if (length === 0) throw new Error(`Token ${i} was left without a result.`);
    size += 1 + varintBytes(length) + length;
  }
  const reply = Buffer.allocUnsafe(size);
  let at = 0;
  for (const result of results as readonly Encoded[]) {
    reply[at] = RESULT_TAG;
    at = writeVarint(reply, result.length, at + 1);
    reply.set(result, at);
    at += result.length;
  }
  return reply;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes += 1;
  return bytes;
}

/** Writes an unsigned number and returns where it ends. */
function writeVarint(bytes: Buffer, value: number, at: number): number {
  let end = at;
  let rest = value;
  while (rest > 0x7f) {
    bytes[end] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    end += 1;
  }
  bytes[end] = rest;
  return end + 1;
}
