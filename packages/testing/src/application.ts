import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';

/** An application behind a proxy, which answers with what it was sent, also where a WebSocket is opened. */
export async function startApplication() {
  let count = 0;
  const told = ({ method, url, rawHeaders }: IncomingMessage, body: string) => {
    count += 1;
    const headers = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : []));
    return JSON.stringify({ method, url, headers, body });
  };
  const server = createServer(async (message, response) => {
    response.end(told(message, await text(message)));
  });
  // A proxy that asks on a connection in the moment in which that ends would blame the application.
  server.keepAliveTimeout = 0;
  server.on('upgrade', (message: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', '', ''];
    socket.end(head.join('\r\n') + told(message, ''));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    /** Requests so far. */
    count: () => count,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
