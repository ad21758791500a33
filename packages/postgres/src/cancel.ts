import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** A backend that runs a statement, and how to reach its server. */
export interface Backend {
  /** The very server that runs it: a host name may stand for several. */
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /** The name that the server's certificate is checked against. */
  readonly serverName: string;
  readonly tls: ConnectionOptions | false;
  readonly processId: number;
  readonly secretKey: number;
}

const CANCEL_REQUEST = 80877102;
const TLS_REQUEST = 80877103;
const TLS_ACCEPTED = 'S';

/**
 * Asks Postgres to cancel what a backend runs, over a connection of its own, as the protocol wants it. Resolves when the
 * server has closed that connection: from then on the request can't hit a later statement of the same backend. Rejects
 * when that can't be known. The signal bounds the wait.
 */
export async function requestCancel(backend: Backend, signal: AbortSignal): Promise<void> {
  const socket = 'path' in backend.address ? connect(backend.address) : connect(backend.address);
  ignoreLateErrors(socket);
  try {
    await once(socket, 'connect', { signal });
    const stream = backend.tls === false ? socket : await encrypt(socket, backend, backend.tls, signal);
    const closed = once(stream, 'close', { signal });
    stream.resume();
    stream.write(int32s(16, CANCEL_REQUEST, backend.processId, backend.secretKey));
    await closed;
  } finally {
    socket.destroy();
  }
}

async function encrypt(socket: Socket, backend: Backend, tls: ConnectionOptions, signal: AbortSignal): Promise<Socket> {
  const answered = once(socket, 'data', { signal });
  socket.write(int32s(8, TLS_REQUEST));
  const [answer] = await answered;
  if (String(answer) !== TLS_ACCEPTED) throw new Error('Postgres does not speak TLS.');
  // An address must not be sent as a server name, but it is checked against the certificate all the same.
  const names = isIP(backend.serverName) ? {} : { servername: backend.serverName };
  const stream = connectTls({ ...tls, ...names, socket, host: backend.serverName });
  ignoreLateErrors(stream);
  await once(stream, 'secureConnect', { signal });
  return stream;
}

/** An error that nobody waits for any longer must not end the process. */
function ignoreLateErrors(stream: Socket): void {
  stream.on('error', () => undefined);
}

function int32s(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    buffer.writeInt32BE(value, index * 4);
  });
  return buffer;
}
