import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { SettingProblem } from './config-error.ts';
import type { HostPort } from './setting.ts';

/** Which of the settings name a port on which this process can't listen: those whose variables end in `_LISTEN`. */
export async function listenProblems(settings: Readonly<Record<string, unknown>>): Promise<SettingProblem[]> {
  const problems: SettingProblem[] = [];
  const servers: Server[] = [];
  try {
    for (const [variable, value] of Object.entries(settings)) {
      if (!variable.endsWith('_LISTEN') || !isHostPort(value) || value.port === 0) continue;
      const server = createServer();
      try {
        server.listen({ ...value, exclusive: true });
        await once(server, 'listening');
        // Held until all are tried, so that two settings do not name the same one.
        servers.push(server);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : '';
        const wrong = WRONG[code]?.(value) ?? `names an address on which nothing can listen (${code})`;
        problems.push({ variable, wrong, expected: 'an address of this machine and a free port' });
      }
    }
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  return problems;
}

const WRONG: Readonly<Record<string, (value: HostPort) => string>> = {
  EADDRINUSE: ({ port }) => `names port ${port}, which is in use`,
  EACCES: ({ port }) => `names port ${port}, which this process may not open`,
  EADDRNOTAVAIL: () => 'names a host that is not this machine',
  ENOTFOUND: () => 'names a host that is not known',
  EAI_AGAIN: () => 'names a host that is not known',
};

function isHostPort(value: unknown): value is HostPort {
  return typeof value === 'object' && value !== null && 'host' in value && 'port' in value;
}
