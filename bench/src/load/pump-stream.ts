import { connect as connectHttp2, constants } from 'node:http2';
import type { Work } from './pump.ts';
import { GRPC_HEADERS, type Target } from './target.ts';

/** Requests on the one stream that are not answered. */
const OUTSTANDING_MAX = 512;
/** A stream lasts as long as the run, which has a limit of its own. */
const STREAM_TIMEOUT = '1200S';
const FRAME_HEADER_BYTES = 5;

/**
 * As `pump`, but over one bidirectional stream: the answers come in the order of the requests. What there is room for is
 * written at once, as a client would that has much to ask.
 */
export async function pumpStream<Tag extends { readonly request: Buffer }>(
  { port, path, tls }: Target,
  work: Work<Tag>,
  signal: AbortSignal,
): Promise<void> {
  if (tls) throw new Error('The load on a stream goes without TLS.');
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 2 ** 30 } });
  const aborted = () => reject(signal.reason);
  signal.addEventListener('abort', aborted);
  session.on('error', reject);
  const headers = Object.fromEntries(GRPC_HEADERS);
  const stream = session.request(
    {
      ...headers,
      'grpc-timeout': STREAM_TIMEOUT,
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
    },
    { endStream: false },
  );
  const waiting: { readonly tag: Tag; readonly sentAt: number }[] = [];
  let answered = 0;
  let isDry = false;
  const fill = () => {
    const requests: Buffer[] = [];
    const sentAt = performance.now();
    while (!isDry && waiting.length - answered < OUTSTANDING_MAX) {
      const tag = work.next();
      if (tag === undefined) {
        isDry = true;
        break;
      }
      waiting.push({ tag, sentAt });
      requests.push(tag.request);
    }
    if (requests.length > 0) stream.write(Buffer.concat(requests));
    if (isDry) stream.end();
    // The queue is a list with a beginning that moves: taking from its front for each answer would copy it each time.
    if (answered < OUTSTANDING_MAX) return;
    waiting.splice(0, answered);
    answered = 0;
  };
  let rest: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const now = performance.now();
    let at = 0;
    try {
      while (rest.length - at >= FRAME_HEADER_BYTES) {
        const end = at + FRAME_HEADER_BYTES + rest.readUInt32BE(at + 1);
        if (end > rest.length) break;
        const sent = waiting[answered];
        if (!sent) throw new Error(`${path} answered what was not asked.`);
        answered += 1;
        work.answered(sent.tag, rest.subarray(at, end), now - sent.sentAt);
        at = end;
      }
      rest = rest.subarray(at);
      fill();
    } catch (error) {
      reject(error);
    }
  });
  stream.on('trailers', (trailers) => {
    if (trailers['grpc-status'] === '0') resolve();
    else reject(new Error(`${path} ended its stream with grpc-status ${trailers['grpc-status']}.`));
  });
  stream.on('error', reject);
  try {
    fill();
    await promise;
  } finally {
    signal.removeEventListener('abort', aborted);
    stream.destroy();
    session.destroy();
  }
}
