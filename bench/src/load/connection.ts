import { headerBlocks } from './hpack.ts';
import { http2Client } from './http2-client.ts';
import { openSocket, requestHeaders, type Target } from './target.ts';
import { decodeTrailers } from './trailers.ts';

export interface ConnectionListener<Tag> {
  /** A call ended with grpc-status 0; `body` is everything that came back, `ms` the time since it was sent. */
  answered(tag: Tag, body: Buffer, ms: number): void;
  /** There may be room for more requests. */
  ready(): void;
  /** The connection broke, or a call ended with another status. Called once at most. */
  failed(error: Error): void;
}

export interface LoadConnection<Tag> {
  /** Puts a framed request on its way with the next `flush`; says false when the server's limits leave no room now. */
  send(tag: Tag, request: Buffer): boolean;
  flush(): void;
  /** Calls that are not answered. */
  readonly open: number;
  close(): void;
}

interface OpenCall<Tag> {
  readonly tag: Tag;
  readonly sentAt: number;
  body: Buffer;
  sawHeaders: boolean;
}

const NOTHING = Buffer.alloc(0);

/**
 * Opens a gRPC connection that costs the machine as little as can be, because a client that takes as long for a call as
 * the server does would measure itself. Since header blocks refer to nothing earlier, a block of trailers that was
 * decoded once and meant success means success wherever it comes again.
 */
export async function openConnection<Tag>(
  target: Target,
  listener: ConnectionListener<Tag>,
): Promise<LoadConnection<Tag>> {
  const socket = await openSocket(target);
  const calls = new Map<number, OpenCall<Tag>>();
  const successes = new Set<string>();
  let isClosed = false;

  const fail = (error: Error) => {
    if (isClosed) return;
    isClosed = true;
    socket.destroy();
    listener.failed(error);
  };
  const succeed = (stream: number, { tag, body, sentAt }: OpenCall<Tag>) => {
    calls.delete(stream);
    listener.answered(tag, body, performance.now() - sentAt);
  };
  const judge = (stream: number, call: OpenCall<Tag>, trailers: Buffer) => {
    const key = trailers.toString('latin1');
    if (successes.has(key)) return succeed(stream, call);
    decodeTrailers(trailers, { alone: !call.sawHeaders }).then((decoded) => {
      const { 'grpc-status': status, 'grpc-message': message = '' } = decoded;
      if (status !== '0') return fail(new Error(`${target.path} answered grpc-status ${status}: ${message}`));
      successes.add(key);
      succeed(stream, call);
      if (!isClosed) listener.ready();
      flush();
    }, fail);
  };
  const client = http2Client(headerBlocks(requestHeaders(target)), {
    data(stream, payload) {
      const call = calls.get(stream);
      if (call) call.body = call.body.length === 0 ? payload : Buffer.concat([call.body, payload]);
    },
    headers(stream, block, isLast) {
      const call = calls.get(stream);
      if (!call) return;
      if (isLast) judge(stream, call, block);
      else call.sawHeaders = true;
    },
    failed: fail,
  });
  const flush = () => {
    const outgoing = client.takeOutgoing();
    if (outgoing.length > 0 && !isClosed) socket.write(Buffer.concat(outgoing));
  };

  socket.on('data', (chunk: Buffer) => {
    if (isClosed) return;
    client.receive(chunk);
    if (!isClosed) listener.ready();
    flush();
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The server closed the connection.')));
  return {
    send(tag, request) {
      const stream = isClosed ? undefined : client.request(request, calls.size);
      if (stream === undefined) return false;
      calls.set(stream, { tag, sentAt: performance.now(), body: NOTHING, sawHeaders: false });
      return true;
    },
    flush,
    get open() {
      return calls.size;
    },
    close() {
      isClosed = true;
      socket.destroy();
    },
  };
}
