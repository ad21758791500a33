import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { startTcpProxy, type TcpProxy, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const DELAY_MS = 80;

let proxy: TcpProxy;
let upstream: ReturnType<typeof createServer>;
let accepted: Socket[];
let opened: Socket[];

beforeEach(async () => {
  accepted = [];
  opened = [];
  upstream = createServer((socket) => {
    accepted.push(socket);
    socket.on('data', (bytes) => socket.write(`echo ${bytes}`)).on('error', () => {});
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  proxy = await startTcpProxy({ target: { port: (upstream.address() as AddressInfo).port } });
});
afterEach(async () => {
  for (const socket of [...opened, ...accepted]) socket.destroy();
  await proxy.stop();
  await new Promise((resolve) => upstream.close(resolve));
});

/** A client of the echo server, and all that it has heard. */
function client() {
  const socket = connect(proxy.port, '127.0.0.1');
  opened.push(socket);
  let heard = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  socket.on('error', () => {});
  return { socket, heard: () => heard, say: (text: string) => socket.write(text) };
}

describe('the proxy', () => {
  it('forwards in both directions, and the end of a connection', async () => {
    const one = client();
    one.say('a');
    await waitFor(() => one.heard() === 'echo a');
    accepted[0]?.end('bye');
    await once(one.socket, 'close');
    expect(one.heard()).toBe('echo abye');
  });

  it('that holds back answers forwards what is asked, on the connections whose latest words are chosen', async () => {
    const [one, two] = [client(), client()];
    for (const each of [one, two]) {
      each.say('a');
      await waitFor(() => each.heard() === 'echo a');
    }
    proxy.holdAnswers(({ latest }) => latest.endsWith('held'));
    one.say('held');
    two.say('b');
    await waitFor(() => two.heard() === 'echo aecho b');
    // What was asked has arrived.
    await waitFor(() => accepted[0]?.bytesRead === 'aheld'.length);
    expect(one.heard()).toBe('echo a');
    proxy.resume();
    await waitFor(() => one.heard() === 'echo aecho held');
  });

  it('that stalls forwards nothing and tells nobody, also of new connections, and later forwards what waits', async () => {
    const one = client();
    one.say('a');
    await waitFor(() => one.heard() === 'echo a');
    proxy.stall();
    one.say('b');
    accepted[0]?.write('unasked');
    const two = client();
    two.say('c');
    await once(two.socket, 'connect');
    const other = client();
    other.say('gone');
    await once(other.socket, 'connect');
    other.socket.destroy();
    // Bytes that were to get through would do so on another connection's round trip.
    const probe = await roundTripBesides();
    expect(probe).toBe('echo probe');
    expect([one.heard(), two.heard()]).toEqual(['echo a', '']);
    expect(accepted.every(({ closed }) => !closed)).toBe(true);
    proxy.resume();
    await waitFor(() => one.heard().includes('unasked') && one.heard().includes('echo b') && two.heard() === 'echo c');
  });

  it('stalls only the connections that are selected, from the bytes on that select them', async () => {
    const [one, two] = [client(), client()];
    proxy.stall(({ sent }) => sent.includes('stop'));
    one.say('stop');
    two.say('go');
    await waitFor(() => two.heard() === 'echo go');
    expect(one.heard()).toBe('');
    proxy.resume();
    await waitFor(() => one.heard() === 'echo stop');
  });

  it('that delays keeps the order, and makes a round trip last twice the delay', async () => {
    const one = client();
    one.say('a');
    await waitFor(() => one.heard() === 'echo a');
    proxy.delay(DELAY_MS);
    const startedAt = performance.now();
    one.say('b');
    await waitFor(() => one.heard() === 'echo aecho b', { everyMs: 1 });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(2 * DELAY_MS - 1);
    for (const letter of 'cdef') one.say(letter);
    proxy.resume();
    await waitFor(() => one.heard().endsWith('f'));
    expect(one.heard().replaceAll('echo ', '')).toBe('abcdef');
  });

  it('drops connections on both sides and takes new ones', async () => {
    const [one, two] = [client(), client()];
    one.say('one');
    two.say('two');
    await waitFor(() => one.heard() !== '' && two.heard() !== '');
    proxy.drop(({ sent }) => sent === 'one');
    await once(one.socket, 'close');
    await waitFor(() => accepted.filter(({ closed }) => closed).length === 1);
    two.say('!');
    await waitFor(() => two.heard() === 'echo twoecho !');
    const three = client();
    three.say('three');
    await waitFor(() => three.heard() === 'echo three');
  });

  it('that is redirected closes what leads to the old target, and leads new connections to the other', async () => {
    const other = createServer((socket) => socket.on('error', () => {}).end('other'));
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const one = client();
    one.say('a');
    await waitFor(() => one.heard() === 'echo a');
    proxy.redirect({ port: (other.address() as AddressInfo).port });
    await once(one.socket, 'close');
    const two = client();
    await waitFor(() => two.heard() === 'other');
    await new Promise((resolve) => other.close(resolve));
  });

  it('closes a connection when nobody listens at its target', async () => {
    upstream.close();
    for (const socket of accepted) socket.destroy();
    await once(client().socket, 'close');
  });
});

/** A round trip to the same server that does not pass through the proxy. */
async function roundTripBesides(): Promise<string> {
  const socket = connect((upstream.address() as AddressInfo).port, '127.0.0.1');
  opened.push(socket);
  socket.write('probe');
  const [bytes] = await once(socket, 'data');
  return String(bytes);
}
