/** One frame of HTTP/2 (RFC 9113, section 4.1). */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  /** A view of what was received: copy what is to be kept. */
  readonly payload: Buffer;
}

export const TYPE = {
  DATA: 0x0,
  HEADERS: 0x1,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
} as const;
export const FLAG = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;
export const SETTING = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
} as const;

/** What a client says first (section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** The send window of a connection, and of a stream unless the settings say otherwise (section 6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535;
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;
const HEADER_BYTES = 9;
const STREAM_AT = 5;
const STREAM_MASK = 0x7fff_ffff;

/** Encodes a frame. */
export function toBytes(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, STREAM_AT);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** Lets the server send so many bytes more on the connection. */
export function windowUpdate(bytes: number): Buffer {
  const increment = Buffer.alloc(4);
  increment.writeUInt32BE(bytes);
  return toBytes(TYPE.WINDOW_UPDATE, 0, 0, increment);
}

/** The payload of a SETTINGS frame. */
export function settings(pairs: readonly (readonly [setting: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(6 * pairs.length);
  for (const [index, [setting, value]] of pairs.entries()) {
    bytes.writeUInt16BE(setting, 6 * index);
    bytes.writeUInt32BE(value, 6 * index + 2);
  }
  return bytes;
}

/** The value of a setting in the payload of a SETTINGS frame; undefined when it is not there. */
export function readSetting(payload: Buffer, setting: number): number | undefined {
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    if (payload.readUInt16BE(at) === setting) return payload.readUInt32BE(at + 2);
  }
  return undefined;
}

/** Cuts what is received into frames; what is left of the last one waits for the rest. */
export function frameReader(each: (frame: Frame) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      each({
        type: bytes[at + 3] ?? 0,
        flags: bytes[at + 4] ?? 0,
        stream: bytes.readUInt32BE(at + STREAM_AT) & STREAM_MASK,
        payload: bytes.subarray(at + HEADER_BYTES, end),
      });
      at = end;
    }
    rest = bytes.subarray(at);
  };
}
