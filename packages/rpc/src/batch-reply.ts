import type { Encoded } from './handler.ts';

/** Field 1 of a message, length-delimited (Protocol Buffers, Encoding). */
const RESULT_TAG = 0x0a;

/**
 * A message whose field 1 repeats these results, each encoded already. Throws when one is missing or empty: whoever reads
 * an empty result might take it for a good one, and whoever counts them one result for another.
 */
export function toBatchReply(results: readonly (Encoded | undefined)[]): Encoded {
  let size = 0;
  for (let i = 0; i < results.length; i += 1) {
    const length = results[i]?.length ?? 0;
    if (length === 0) throw new Error(`Item ${i} was left without a result.`);
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
