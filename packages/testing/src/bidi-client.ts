import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { ErrorInfo } from '@gatehouse/proto/google/rpc/error_details.ts';
import { Status } from '@gatehouse/proto/google/rpc/status.ts';
import type { TestService } from './service.ts';
import { testAuthority } from './test-authority.ts';

/** An RPC that streams both ways, as ts-proto generates it. */
interface BidiRpc<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** How a stream ended: the gRPC status code, and the reason of a Failure. */
export interface StreamEnd {
  readonly code: number;
  readonly reason: string;
}

/** One stream, by bare HTTP/2, so that a test decides when it is read. */
export interface Bidi<Request, Response> {
  readonly responses: Response[];
  readonly ended: Promise<StreamEnd>;
  send(request: Request): void;
  /** Says that no more requests come. */
  finish(): void;
  /** Resets the stream. */
  cancel(): void;
  pause(): void;
  resume(): void;
}

const HEAD_BYTES = 5;
const CANCELLED = 1;

/** Opens streams to a service under the certificate of a peer, all over one connection. */
export async function bidiClient(service: TestService, peer: string) {
  const { ca, cert, key } = await (await testAuthority()).issue(peer);
  const session: ClientHttp2Session = connect(`https://${service.address}`, {
    ca: readFileSync(ca),
    cert: readFileSync(cert),
    key: readFileSync(key),
    checkServerIdentity: () => undefined,
  });
  session.on('error', () => {});
  return {
    open: <Request, Response>(rpc: BidiRpc<Request, Response>, headers: Record<string, string> = {}) =>
      openStream(session, rpc, headers),
    close: () => session.destroy(),
  };
}

function openStream<Request, Response>(
  session: ClientHttp2Session,
  { path, requestSerialize, responseDeserialize }: BidiRpc<Request, Response>,
  headers: Record<string, string>,
): Bidi<Request, Response> {
  const stream = session.request(
    { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers },
    { endStream: false },
  );
  const responses: Response[] = [];
  let unread = Buffer.alloc(0);
  stream.on('data', (bytes: Buffer) => {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + unread.readUInt32BE(1);
      if (unread.length < end) return;
      responses.push(responseDeserialize(unread.subarray(HEAD_BYTES, end)));
      unread = unread.subarray(end);
    }
  });
  return {
    responses,
    ended: endOf(stream),
    send(request) {
      const message = requestSerialize(request);
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([head, message]));
    },
    finish: () => stream.end(),
    cancel: () => stream.close(constants.NGHTTP2_CANCEL),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
  };
}

function endOf(stream: ClientHttp2Stream): Promise<StreamEnd> {
  return new Promise((resolve) => {
    const told = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] === undefined) return;
      resolve({ code: Number(headers['grpc-status']), reason: reasonIn(headers['grpc-status-details-bin']) });
    };
    stream.on('response', told);
    stream.on('trailers', told);
    // As every gRPC client does: the server has said its last word.
    stream.on('end', () => stream.close());
    stream.on('error', () => {});
    stream.on('close', () => resolve({ code: CANCELLED, reason: '' }));
  });
}

function reasonIn(details: unknown): string {
  if (typeof details !== 'string') return '';
  const info = Status.decode(Buffer.from(details, 'base64')).details.find(({ typeUrl }) =>
    typeUrl.endsWith('/google.rpc.ErrorInfo'),
  );
  return info ? ErrorInfo.decode(info.value).reason : '';
}
