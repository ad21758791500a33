import { type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';
import { FLAG, frameReader, PREFACE, settings, TYPE, toBytes } from './http2-frames.ts';

/** Answers with `:status: 200` (HPACK, RFC 7541, appendix A). */
const STATUS_200 = Buffer.of(0x88);
const DECODE_TIMEOUT_MS = 5_000;

/**
 * Decodes the last header block of an answer, by letting Node's own HTTP/2 client receive it. `alone` says that it is the
 * only block of the answer, which then holds the status too. The block must refer to nothing that was remembered.
 */
export async function decodeTrailers(
  block: Buffer,
  { alone }: { readonly alone: boolean },
): Promise<IncomingHttpHeaders> {
  const [near, far] = duplexPair();
  const session = connect('http://decoder', { createConnection: () => near });
  const stream = session.request({ ':path': '/' });
  session.on('error', (error) => stream.destroy(error));
  answerWith(far, [
    ...(alone ? [] : [toBytes(TYPE.HEADERS, FLAG.END_HEADERS, 1, STATUS_200)]),
    toBytes(TYPE.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, block),
  ]);
  try {
    return await received(stream, alone ? 'response' : 'trailers');
  } finally {
    stream.destroy();
    session.destroy();
    far.destroy();
  }
}

/** Answers the first request with these frames: before there is one, they would break the protocol. */
function answerWith(far: Duplex, frames: readonly Buffer[]): void {
  let skipped = 0;
  const read = frameReader(({ type }) => {
    if (type !== TYPE.HEADERS) return;
    for (const bytes of [toBytes(TYPE.SETTINGS, 0, 0, settings([])), ...frames]) far.write(bytes);
  });
  far.on('data', (chunk: Buffer) => {
    const rest = chunk.subarray(Math.min(chunk.length, PREFACE.length - skipped));
    skipped += chunk.length - rest.length;
    read(rest);
  });
}

function received(stream: ClientHttp2Stream, event: 'response' | 'trailers'): Promise<IncomingHttpHeaders> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingHttpHeaders>();
  const timer = setTimeout(() => reject(new Error('A header block could not be decoded in time.')), DECODE_TIMEOUT_MS);
  stream.on(event, resolve);
  stream.on('error', reject);
  stream.resume();
  return promise.finally(() => clearTimeout(timer));
}
