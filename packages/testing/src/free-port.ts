import { createServer } from 'node:net';

/** Ports are taken from below the range in which systems put outgoing connections, so that none of those gets in the way. */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 31_999;
/** How many ports are tried before giving up. */
const PORT_ATTEMPTS = 200;
/** How many ports this process remembers having given away, so that two callers at once never get the same one. */
const REMEMBERED_PORTS = 1000;

const given = new Set<number>();

/**
 * A port on which nothing listens. With `wanted`, that port or the next free one above it; without, one at random
 * between 20000 and 31999. Nothing holds the port after the answer, so a caller tries again when it is taken meanwhile.
 */
export async function freePort(wanted?: number): Promise<number> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const port = wanted === undefined ? randomPort() : wanted + attempt;
    if (wanted === undefined && given.has(port)) continue;
    if ((await canListen(port, '127.0.0.1')) && (await canListen(port, '::'))) return remember(port);
  }
  throw new Error(`No free port was found in ${PORT_ATTEMPTS} attempts${wanted ? ` from ${wanted} upwards` : ''}.`);
}

function randomPort(): number {
  return LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT + 1));
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // A machine without IPv6 can't listen there, which says nothing about the port.
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'EADDRINUSE' && error.code !== 'EACCES'),
    );
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function remember(port: number): number {
  if (given.size >= REMEMBERED_PORTS) given.clear();
  given.add(port);
  return port;
}
