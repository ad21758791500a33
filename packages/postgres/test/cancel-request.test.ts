import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { createAuthority } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestCancel } from '../src/cancel.ts';

const CANCEL_FOR_7_AND_9 = '0000001004d2162e0000000700000009';
const TLS_REQUEST = '0000000804d2162f';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-cancel-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Lets `talk` be the server, and sends it a cancel request. */
async function request(
  talk: (socket: Socket) => Promise<void>,
  { ca, timeoutMs = 10_000 }: { ca?: Buffer; timeoutMs?: number } = {},
): Promise<void> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    void talk(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await requestCancel(
      {
        address: { host: '127.0.0.1', port },
        serverName: 'localhost',
        tls: ca ? { ca } : false,
        processId: 7,
        secretKey: 9,
      },
      AbortSignal.timeout(timeoutMs),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

describe('a cancel request', () => {
  it('names the backend, and ends when the server closes the connection', async () => {
    let received = '';
    await request(async (socket) => {
      received = String((await once(socket, 'data'))[0].toString('hex'));
      socket.end();
    });
    expect(received).toBe(CANCEL_FOR_7_AND_9);
  });

  it('is encrypted when the database is', async () => {
    const authority = await createAuthority({ directory, trustDomain: 'gatehouse.test' });
    const { ca, cert, key } = await authority.issue('postgres');
    const [caText, certText, keyText] = await Promise.all([readFile(ca), readFile(cert), readFile(key)]);
    const received: string[] = [];
    await request(
      async (socket) => {
        received.push((await once(socket, 'data'))[0].toString('hex'));
        socket.write('S');
        const encrypted = new TLSSocket(socket, { isServer: true, cert: certText, key: keyText });
        received.push((await once(encrypted, 'data'))[0].toString('hex'));
        encrypted.end();
      },
      { ca: caText },
    );
    expect(received).toEqual([TLS_REQUEST, CANCEL_FOR_7_AND_9]);
  });

  it('is not sent in clear text when the server refuses to encrypt', async () => {
    const received: string[] = [];
    const talk = async (socket: Socket) => {
      socket.on('data', (data) => received.push(data.toString('hex')));
      await once(socket, 'data');
      socket.write('N');
    };
    await expect(request(talk, { ca: Buffer.from('') })).rejects.toThrow('does not speak TLS');
    expect(received).toEqual([TLS_REQUEST]);
  });

  it('fails when the server does not close the connection in time', async () => {
    await expect(request(async () => undefined, { timeoutMs: 100 })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
