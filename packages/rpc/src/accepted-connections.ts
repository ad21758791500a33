import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** The connections that a server has accepted and that are still open. */
export interface AcceptedConnections {
  /** Destroys those on which nothing has come yet, so that no handshake has begun: nobody waits for an answer on them. */
  destroySilent(): void;
  /** Destroys all of them, and forgets those to come. */
  destroyAll(): void;
}

const ACCEPTED = 'net.server.socket';

/**
 * Follows the TCP connections that the server on a port accepts. A TLS server tells of a connection only when its handshake
 * is over, grpc-js and closeAllConnections of node know no other, and yet neither closes before the last one is gone: a peer
 * that connects and says nothing would hold it up. Node tells of each on a diagnostics channel.
 */
export function acceptedConnections(port: number): AcceptedConnections {
  const open = new Set<Socket>();
  const onAccepted = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort !== port) return;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };
  subscribe(ACCEPTED, onAccepted);
  return {
    destroySilent() {
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    },
    destroyAll() {
      unsubscribe(ACCEPTED, onAccepted);
      for (const socket of open) socket.destroy();
    },
  };
}
