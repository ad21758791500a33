import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openKeySource } from '../src/tokens/key-source.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`;
}

const json = (body: string, headers: Record<string, string> = {}): RequestListener => {
  return (_request, response) => void response.writeHead(200, { connection: 'close', ...headers }).end(body);
};

describe('a source of keys over HTTP', () => {
  it.each([
    [{ 'cache-control': 'public, max-age=120, must-revalidate' }, 120],
    [{ 'cache-control': 'MAX-AGE="60"' }, 60],
    [{ 'cache-control': 's-maxage=9' }, 300],
    [{}, 300],
  ])('reads the keys, and from %j how long they may be kept', async (headers, maxAgeSeconds) => {
    const jwksUrl = await serve(json('{"keys":[{"kid":"a"}]}', headers));
    expect(await openKeySource({ jwksUrl })()).toEqual({ keys: [{ kid: 'a' }], maxAgeSeconds });
  });

  it.each<[string, RequestListener, string]>([
    ['a status that is not 200', (_request, response) => void response.writeHead(500).end('{"keys":[]}'), 'status 500'],
    ['text that is no JSON', json('<html>'), 'JSON'],
    ['JSON without keys', json('[]'), 'has no keys'],
    ['keys that are no list', json('{"keys":{}}'), 'has no keys'],
    ['a set that is too long', json(`{"keys":["${'x'.repeat(70_000)}"]}`), 'too long'],
  ])('refuses %s', async (_what, listener, why) => {
    const jwksUrl = await serve(listener);
    await expect(openKeySource({ jwksUrl })()).rejects.toThrow(why);
  });

  it('stops to read a set that does not end', async () => {
    const jwksUrl = await serve((_request, response) => {
      response.writeHead(200);
      const more = () => response.write('x'.repeat(10_000), (error) => error ?? more());
      more();
    });
    await expect(openKeySource({ jwksUrl })()).rejects.toThrow('too long');
  });

  it('follows no redirect', async () => {
    const jwksUrl = await serve((_request, response) => void response.writeHead(302, { location: '/other' }).end());
    await expect(openKeySource({ jwksUrl })()).rejects.toThrow();
  });

  it.each(['http://keys.example.com/jwks', 'ftp://keys.example.com/jwks', 'file:///etc/keys', 'keys'])(
    'is not made for %s',
    (jwksUrl) => {
      expect(() => openKeySource({ jwksUrl })).toThrow(TypeError);
    },
  );
});
