import { type LogPosition, RUNNING_MAX, resumeTokenInvalid } from './log-position.ts';

/**
 * A token is, in base64url without padding:
 *
 *     byte  1           version of the format
 *     byte  12          the history
 *     byte  8           xmin, big-endian
 *     bytes             by how much xmax is beyond xmin, as a varint (little-endian base 128)
 *     bytes             by how much each running transaction is beyond the one before it, the first beyond xmin, as varints
 *
 * It proves nothing and hides nothing: whoever forges one is told no more than whoever has one.
 */
const VERSION = 1;
const HISTORY_BYTES = 12;
const HEAD_BYTES = 1 + HISTORY_BYTES + 8;
const HISTORY = /^[0-9a-f]{24}$/;

/** The token of a position. With more than RUNNING_MAX running transactions it stands for the place of the oldest. */
export function formatResumeToken({ history, xmin, xmax, running }: LogPosition): string {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(VERSION);
  head.write(history, 1, 'hex');
  head.writeBigUInt64BE(xmin, 1 + HISTORY_BYTES);
  const isExact = running.length <= RUNNING_MAX;
  const bytes: number[] = [];
  pushVarint(bytes, isExact ? xmax - xmin : 0n);
  let previous = xmin;
  for (const xid of isExact ? running : []) {
    pushVarint(bytes, xid - previous);
    previous = xid;
  }
  return Buffer.concat([head, Buffer.from(bytes)]).toString('base64url');
}

/** Reads a token; takes nothing that `formatResumeToken` would not have written. Throws RESUME_TOKEN_INVALID. */
export function parseResumeToken(token: string): LogPosition {
  const position = read(Buffer.from(token, 'base64url'));
  if (!position || formatResumeToken(position) !== token) {
    throw resumeTokenInvalid('It is not a token that this service has given.');
  }
  return position;
}

function read(bytes: Buffer): LogPosition | undefined {
  if (bytes.length <= HEAD_BYTES || bytes[0] !== VERSION) return undefined;
  const history = bytes.toString('hex', 1, 1 + HISTORY_BYTES);
  if (!HISTORY.test(history)) return undefined;
  const xmin = bytes.readBigUInt64BE(1 + HISTORY_BYTES);
  const [beyond, ...steps] = varints(bytes.subarray(HEAD_BYTES)) ?? [];
  if (beyond === undefined || steps.length > RUNNING_MAX) return undefined;
  const xmax = xmin + beyond;
  const running: bigint[] = [];
  for (const [index, step] of steps.entries()) {
    const xid = (running.at(-1) ?? xmin) + step;
    if (xid >= xmax || (index > 0 && step === 0n)) return undefined;
    running.push(xid);
  }
  return xmax < XID_END ? { history, xmin, xmax, running } : undefined;
}

/** A transaction id of Postgres has 64 bits. */
const XID_END = 2n ** 64n;
const VARINT_BYTES_MAX = 10;

function pushVarint(bytes: number[], value: bigint): void {
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
}

/** All of the varints; undefined when the last is cut off or one is too long. */
function varints(bytes: Buffer): bigint[] | undefined {
  const values: bigint[] = [];
  let value = 0n;
  let length = 0;
  for (const byte of bytes) {
    if (length >= VARINT_BYTES_MAX) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * length);
    length += 1;
    if (byte & 0x80) continue;
    values.push(value);
    value = 0n;
    length = 0;
  }
  return length === 0 ? values : undefined;
}
