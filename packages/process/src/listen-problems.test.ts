import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { listenProblems } from './listen-problems.ts';

const HOST = '127.0.0.1';

it('finds the settings whose ports are in use, by another or by each other, and holds none', async () => {
  const [taken, free] = [createServer(), createServer()];
  for (const each of [taken, free]) await once(each.listen(0, HOST), 'listening');
  const [{ port }, { port: freePort }] = [taken.address() as AddressInfo, free.address() as AddressInfo];
  await new Promise((resolve) => free.close(resolve));
  const settings = {
    A_LISTEN: { host: HOST, port },
    B_LISTEN: { host: HOST, port: freePort },
    C_LISTEN: { host: HOST, port: freePort },
    D_LISTEN: { host: HOST, port: 0 },
    E_LISTEN: { host: '203.0.113.9', port: freePort },
    F_LISTEN: undefined,
    G_ADDRESS: { host: HOST, port },
  };
  const expected = 'an address of this machine and a free port';
  for (const _ of [1, 2]) {
    expect(await listenProblems(settings)).toEqual([
      { variable: 'A_LISTEN', wrong: `names port ${port}, which is in use`, expected },
      { variable: 'C_LISTEN', wrong: `names port ${freePort}, which is in use`, expected },
      { variable: 'E_LISTEN', wrong: 'names a host that is not this machine', expected },
    ]);
  }
  await new Promise((resolve) => taken.close(resolve));
  expect(await listenProblems({ A_LISTEN: settings.A_LISTEN })).toEqual([]);
});
