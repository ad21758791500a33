import { randomBytes } from 'node:crypto';

/** What Redis holds for one id. */
export type Entry =
  | { readonly kind: 'value'; readonly version: bigint; readonly payload: Buffer }
  | { readonly kind: 'gone'; readonly version: bigint; readonly note: string }
  /** This version exists and only the truth knows what it says. Undefined: a version of ours without stamps wrote it. */
  | { readonly kind: 'stale'; readonly version: bigint; readonly stamp: string | undefined }
  /** Nothing is known; somebody reads the truth and will put it here. */
  | { readonly kind: 'reserved'; readonly stamp: string };

const KIND_BYTES = { value: 1, gone: 2, stale: 3, reserved: 4 } as const;
const HEAD_BYTES = 9;
const STAMP_LENGTH = 8;
/** Most bytes of a payload; a larger value is never put into Redis. */
export const PAYLOAD_BYTES_MAX = 1_048_576;
/** Most characters of the note of something that is gone; the rest is cut off. */
const NOTE_LENGTH_MAX = 256;

/** A stamp that nobody has given before. */
export function newStamp(): string {
  return randomBytes((STAMP_LENGTH / 4) * 3).toString('base64url');
}

/**
 * One byte of kind, eight bytes of version (big-endian), and the payload, the note or the stamp. Throws RangeError on a
 * negative version.
 */
export function encodeEntry(entry: Entry): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head[0] = KIND_BYTES[entry.kind];
  head.writeBigUInt64BE(entry.kind === 'reserved' ? 0n : entry.version, 1);
  switch (entry.kind) {
    case 'value':
      return Buffer.concat([head, entry.payload]);
    case 'gone':
      return Buffer.concat([head, Buffer.from(entry.note.slice(0, NOTE_LENGTH_MAX))]);
    case 'stale':
    case 'reserved':
      return Buffer.concat([head, Buffer.from(entry.stamp ?? '', 'latin1')]);
    default:
      return entry satisfies never;
  }
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
      return { kind: 'stale', version, stamp: bytes.toString('latin1', HEAD_BYTES) || undefined };
    case KIND_BYTES.reserved:
      return { kind: 'reserved', stamp: bytes.toString('latin1', HEAD_BYTES) };
    default:
      return undefined;
  }
}
