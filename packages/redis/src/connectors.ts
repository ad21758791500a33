import { createConnection, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { AbstractConnector, type Redis, type RedisOptions, SentinelConnector } from 'ioredis';

/** Tells of what is wrong before there is a socket. */
type Emit = Parameters<AbstractConnector['connect']>[0];

/**
 * Opens the sockets of a client in place of ioredis, which listens for one error of each. A second one, as from a
 * connection that is closed in the middle of a TLS handshake with a server that is refused, would end the process.
 */
export class SocketConnector extends AbstractConnector {
  readonly #options: RedisOptions;

  /** As ioredis calls it: with the options of the client. */
  constructor(options: unknown) {
    const known = options as RedisOptions;
    super(known.disconnectTimeout ?? 0);
    this.#options = known;
  }

  async connect(_emit: Emit): Promise<Socket> {
    const { host, port, family, tls } = this.#options;
    const address = { host, port: port as number, family };
    const socket = outliveErrors(tls ? connect({ ...address, ...tls }) : createConnection(address));
    socket.once('error', (error) => {
      this.firstError = error;
    });
    this.stream = socket;
    return socket;
  }
}

/** The parts of the connector that ioredis declares to be private. */
interface SentinelParts {
  connect(emit: Emit): Promise<Socket>;
  connectToSentinel(endpoint: object, options?: RedisOptions): Redis;
}
const SentinelBase = SentinelConnector as unknown as new (options: unknown) => AbstractConnector & SentinelParts;

/** The same for a master that Sentinels name, and for the connections to these. */
export class MasterConnector extends SentinelBase {
  override async connect(emit: Emit): Promise<Socket> {
    return outliveErrors(await super.connect(emit));
  }

  override connectToSentinel(endpoint: object, options?: RedisOptions): Redis {
    return super.connectToSentinel(endpoint, { ...options, Connector: SocketConnector });
  }
}

/** Whoever waits for the socket hears of its first error from the listener that it has added itself. */
function outliveErrors<Any extends Socket>(socket: Any): Any {
  return socket.on('error', () => {});
}
