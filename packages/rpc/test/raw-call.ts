import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import type { Rig } from './harness.ts';

/** A message as it is sent: whether it is compressed, its length, and itself. */
export function framed(message: Uint8Array, { compressed = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** A connection that knows nothing of gRPC. */
export function rawSession({ authority, server }: Rig): ClientHttp2Session {
  const { ca, cert, key } = authority.issueSync('app/test');
  const [caPem, certPem, keyPem] = [ca, cert, key].map((file) => readFileSync(file));
  return connect(`https://localhost:${server.port}`, { ca: caPem, cert: certPem, key: keyPem });
}

/** A call whose request is still to be written. */
export function rawCall(
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders = {},
): ClientHttp2Stream {
  const stream = session.request(
    { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc', ...headers },
    { endStream: false },
  );
  stream.on('error', () => {});
  return stream;
}

/** How a call ended: its headers, its trailers, which are the headers where there is nothing else, and its message. */
export async function rawAnswer(stream: ClientHttp2Stream) {
  const chunks: Buffer[] = [];
  let trailers: Record<string, unknown> | undefined;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('trailers', (received) => {
    trailers = received;
  });
  const [headers] = await once(stream, 'response');
  if (!stream.closed) await once(stream, 'close');
  const end = trailers ?? headers;
  const { 'grpc-status': code, 'grpc-message': message = '' } = end;
  return { headers, end, code: Number(code), message: decodeURI(String(message)), body: Buffer.concat(chunks) };
}
