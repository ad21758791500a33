import type { HeaderBlocks } from './hpack.ts';
import {
  DEFAULT_WINDOW_BYTES,
  FLAG,
  type Frame,
  frameReader,
  PREFACE,
  readSetting,
  SETTING,
  settings,
  TYPE,
  toBytes,
  WINDOW_BYTES_MAX,
  windowUpdate,
} from './http2-frames.ts';

export interface Http2Listener {
  data(stream: number, payload: Buffer): void;
  /** A header block, which refers to no earlier one. `isLast` ends the stream. */
  headers(stream: number, block: Buffer, isLast: boolean): void;
  failed(error: Error): void;
}

/** The client's half of HTTP/2 (RFC 9113), as far as unary calls of a few KiB need it. It does no I/O. */
export interface Http2Client {
  /** Takes a request to send and answers its stream; undefined when the server's limits leave no room now. */
  request(body: Buffer, open: number): number | undefined;
  receive(chunk: Buffer): void;
  /** What is to be sent, once. */
  takeOutgoing(): Buffer[];
}

/** Room for answers that the server need not ask for again; renewed when half of it is used. */
const RECEIVE_WINDOW_BYTES = 2 ** 30;
const READABLE = FLAG.END_HEADERS | FLAG.END_STREAM;

/** Begins a connection whose requests all have the same headers. */
export function http2Client(blocks: HeaderBlocks, listener: Http2Listener): Http2Client {
  let outgoing = greeting();
  let nextStream = 1;
  let sendWindow = DEFAULT_WINDOW_BYTES;
  let streamWindow = DEFAULT_WINDOW_BYTES;
  let streamsMax = Number.POSITIVE_INFINITY;
  let unacknowledged = 0;

  const receiveFrame = ({ type, flags, stream, payload }: Frame): void => {
    switch (type) {
      case TYPE.DATA:
        unacknowledged += payload.length;
        if (flags === 0) listener.data(stream, payload);
        else refuse(`DATA with flags ${flags}`);
        break;
      case TYPE.HEADERS:
        if (flags & FLAG.END_HEADERS && !(flags & ~READABLE)) {
          listener.headers(stream, payload, (flags & FLAG.END_STREAM) !== 0);
        } else refuse(`HEADERS with flags ${flags}`);
        break;
      case TYPE.SETTINGS:
        if (flags & FLAG.ACK) break;
        streamWindow = readSetting(payload, SETTING.INITIAL_WINDOW_SIZE) ?? streamWindow;
        streamsMax = readSetting(payload, SETTING.MAX_CONCURRENT_STREAMS) ?? streamsMax;
        outgoing.push(toBytes(TYPE.SETTINGS, FLAG.ACK, 0));
        break;
      case TYPE.WINDOW_UPDATE:
        if (stream === 0) sendWindow += payload.readUInt32BE(0);
        break;
      case TYPE.PING:
        if (!(flags & FLAG.ACK)) outgoing.push(toBytes(TYPE.PING, FLAG.ACK, 0, payload));
        break;
      case TYPE.RST_STREAM:
        refuse(`RST_STREAM with error ${payload.readUInt32BE(0)}`);
        break;
      case TYPE.GOAWAY:
        refuse(`GOAWAY with error ${payload.readUInt32BE(4)}`);
        break;
    }
  };
  const refuse = (what: string) => listener.failed(new Error(`The server sent ${what}, on which the load ends.`));
  const read = frameReader(receiveFrame);

  return {
    request(body, open) {
      if (body.length > sendWindow || body.length > streamWindow || open >= streamsMax) return undefined;
      const stream = nextStream;
      outgoing.push(
        toBytes(TYPE.HEADERS, FLAG.END_HEADERS, stream, stream === 1 ? blocks.first : blocks.later),
        toBytes(TYPE.DATA, FLAG.END_STREAM, stream, body),
      );
      sendWindow -= body.length;
      nextStream += 2;
      return stream;
    },
    receive(chunk) {
      read(chunk);
      if (unacknowledged < RECEIVE_WINDOW_BYTES / 2) return;
      outgoing.push(windowUpdate(unacknowledged));
      unacknowledged = 0;
    },
    takeOutgoing() {
      const taken = outgoing;
      outgoing = [];
      return taken;
    },
  };
}

/** The table size of 0 keeps the server from referring to earlier headers. */
function greeting(): Buffer[] {
  const wishes = settings([
    [SETTING.HEADER_TABLE_SIZE, 0],
    [SETTING.ENABLE_PUSH, 0],
    [SETTING.INITIAL_WINDOW_SIZE, WINDOW_BYTES_MAX],
  ]);
  return [PREFACE, toBytes(TYPE.SETTINGS, 0, 0, wishes), windowUpdate(RECEIVE_WINDOW_BYTES - DEFAULT_WINDOW_BYTES)];
}
