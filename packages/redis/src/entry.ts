/** What Redis holds for one id. */
export type Entry =
  | { readonly kind: 'value'; readonly version: bigint; readonly payload: Buffer }
  | { readonly kind: 'gone'; readonly version: bigint; readonly note: string }
  /** This version exists and only the truth knows what it says. */
  | { readonly kind: 'stale'; readonly version: bigint };

const KIND_BYTES = { value: 1, gone: 2, stale: 3 } as const;
const HEAD_BYTES = 9;
/** Most bytes of a payload; a larger value is never put into Redis. */
export const PAYLOAD_BYTES_MAX = 1_048_576;
/** Most characters of the note of something that is gone; the rest is cut off. */
const NOTE_LENGTH_MAX = 256;

/** One byte of kind, eight bytes of version (big-endian), and the payload. Throws RangeError on a negative version. */
export function encodeEntry(entry: Entry): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head[0] = KIND_BYTES[entry.kind];
  head.writeBigUInt64BE(entry.version, 1);
  if (entry.kind === 'stale') return head;
  if (entry.kind === 'gone') return Buffer.concat([head, Buffer.from(entry.note.slice(0, NOTE_LENGTH_MAX))]);
  return Buffer.concat([head, entry.payload]);
}

/** Reads what encodeEntry wrote, without copying the payload. Undefined if it is something else. */
export function decodeEntry(bytes: Buffer): Entry | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const version = bytes.readBigUInt64BE(1);
  switch (bytes[0]) {
    case KIND_BYTES.value:
      return { kind: 'value', version, payload: bytes.subarray(HEAD_BYTES) };
    case KIND_BYTES.gone:
      return { kind: 'gone', version, note: bytes.toString('utf8', HEAD_BYTES) };
    case KIND_BYTES.stale:
      return { kind: 'stale', version };
    default:
      return undefined;
  }
}
