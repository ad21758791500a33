import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxyOptions {
  readonly target: Target;
}

/** Where connections lead; the host is this machine when there is none. */
export interface Target {
  readonly host?: string;
  readonly port: number;
}

/** Chooses among the connections by the first bytes that their clients have sent, and by the latest, as latin1. */
export type Selection = (connection: { readonly sent: string; readonly latest: string }) => boolean;

/** A TCP proxy on 127.0.0.1 that fails when it is told to, as a network does. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /**
   * Forwards nothing any more, in neither direction, and closes nothing: nobody is told. Without a selection that goes
   * for every connection; with one, for those that it selects, as soon as it does. Later ones are included.
   */
  stall(selection?: Selection): void;
  /** Holds back what the target sends, on every connection or on those selected; what clients send goes on. */
  holdAnswers(selection?: Selection): void;
  /** Everything arrives this many milliseconds later, on every connection or on those selected. */
  delay(delayMs: number, selection?: Selection): void;
  /** Forwards again at once; what was sent meanwhile comes first. */
  resume(): void;
  /** Closes the connections that there are, or those selected. New ones are taken. */
  drop(selection?: Selection): void;
  /** Closes the connections that there are, and leads new ones elsewhere, as a name does after a failover. */
  redirect(target: Target): void;
  stop(): Promise<void>;
}

/** How much of what a client sends a selection sees, of the first and of the latest. */
const SENT_CHARACTERS_MAX = 4096;
/** What one direction holds back before it stops to read, as a network would. */
const HELD_BYTES_MAX = 1_048_576;
const EVERY: Selection = () => true;

/** What the proxy does to connections at present. */
interface Fault {
  readonly stalls: 'everything' | 'answers' | 'nothing';
  readonly delayMs: number;
  readonly selection: Selection;
}

/** Starts a proxy. */
export async function startTcpProxy({ target }: TcpProxyOptions): Promise<TcpProxy> {
  const connections = new Set<Connection>();
  let fault: Fault | undefined;
  let leadsTo = target;
  const server = createServer((client) => {
    const upstream = connect({ host: leadsTo.host ?? '127.0.0.1', port: leadsTo.port, noDelay: true });
    client.setNoDelay(true);
    const faultOf: FaultOf = (state) => (fault?.selection(state) ? fault : undefined);
    const connection = openConnection(client, upstream, faultOf, () => connections.delete(connection));
    connections.add(connection);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const drop = (selection: Selection = EVERY) => {
    for (const connection of connections) if (selection(connection)) connection.destroy();
  };
  const stop = async () => {
    drop();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    port: (server.address() as AddressInfo).port,
    stall(selection = EVERY) {
      fault = { stalls: 'everything', delayMs: 0, selection };
    },
    holdAnswers(selection = EVERY) {
      fault = { stalls: 'answers', delayMs: 0, selection };
      for (const connection of connections) connection.flush();
    },
    delay(delayMs, selection = EVERY) {
      fault = { stalls: 'nothing', delayMs, selection };
    },
    resume() {
      fault = undefined;
      for (const connection of connections) connection.flush();
    },
    drop,
    redirect(elsewhere) {
      leadsTo = elsewhere;
      drop();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Connection {
  readonly sent: string;
  readonly latest: string;
  flush(): void;
  destroy(): void;
}

type FaultOf = (connection: Parameters<Selection>[0]) => Fault | undefined;

function openConnection(client: Socket, upstream: Socket, faultOf: FaultOf, closed: () => void): Connection {
  const connection = {
    sent: '',
    latest: '',
    flush() {
      for (const way of ways) way.flush();
    },
    destroy() {
      for (const way of ways) way.clear();
      client.destroy();
      upstream.destroy();
      closed();
    },
  };
  // Before the forwarding, so that a selection can hold back the very bytes that it goes by.
  client.on('data', (bytes: Buffer) => {
    const text = bytes.toString('latin1');
    connection.latest = (connection.latest + text).slice(-SENT_CHARACTERS_MAX);
    if (connection.sent.length >= SENT_CHARACTERS_MAX) return;
    connection.sent = (connection.sent + text).slice(0, SENT_CHARACTERS_MAX);
  });
  const ended = () => {
    if (client.closed && upstream.closed) closed();
  };
  const asking = () => {
    const fault = faultOf(connection);
    return fault?.stalls === 'answers' ? undefined : fault;
  };
  const ways = [forward(client, upstream, asking, ended), forward(upstream, client, () => faultOf(connection), ended)];
  return connection;
}

/** One direction. The end of a connection waits behind what was sent before it, and is not told while it is stalled. */
function forward(from: Socket, to: Socket, faultOf: () => Fault | undefined, ended: () => void) {
  /** Bytes and when they are due; without bytes: the connection ended. */
  let held: { readonly bytes: Buffer | undefined; readonly dueMs: number }[] = [];
  let heldBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    clearTimeout(timer);
    const fault = faultOf();
    if (fault !== undefined && fault.stalls !== 'nothing') return;
    for (;;) {
      const [first] = held;
      if (first === undefined) break;
      const waitMs = fault ? first.dueMs - performance.now() : 0;
      if (waitMs > 0) {
        timer = setTimeout(flush, waitMs);
        return;
      }
      held.shift();
      if (first.bytes === undefined) {
        to.destroySoon();
        return ended();
      }
      heldBytes -= first.bytes.length;
      to.write(first.bytes);
    }
    from.resume();
  };
  const hold = (bytes: Buffer | undefined) => {
    held.push({ bytes, dueMs: performance.now() + (faultOf()?.delayMs ?? 0) });
    heldBytes += bytes?.length ?? 0;
    if (heldBytes > HELD_BYTES_MAX) from.pause();
    flush();
  };
  const end = () => hold(undefined);
  from.on('data', hold);
  from.on('close', end);
  // A 'close' follows.
  from.on('error', () => {});
  return {
    flush,
    clear() {
      clearTimeout(timer);
      from.off('close', end);
      held = [];
    },
  };
}
