import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from './free-port.ts';

it('free ports are below those of outgoing connections, and no two callers get the same', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_000);
  }
});

it.each(['127.0.0.1', '0.0.0.0'])(
  'a wanted port is given, or the next one when somebody listens on it on %s',
  async (host) => {
    const wanted = await freePort();
    expect(await freePort(wanted)).toBe(wanted);
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(wanted, host, resolve));
    const next = await freePort(wanted).finally(() => holder.close());
    expect(next).toBeGreaterThan(wanted);
    expect(next).toBeLessThan(wanted + 100);
  },
);
