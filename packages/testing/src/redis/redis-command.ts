import { createConnection } from 'node:net';

import { CALL_LIMIT_MS } from '../patience.ts';

/**
 * Sends one command over a connection of its own and answers its first line, such as `+PONG`. Throws when Redis refuses
 * or does not answer in time. Starting and emptying a private Redis needs no more than this, so no client is needed.
 */
export function redisCommand(
  at: { host: string; port: number; password: string },
  ...words: string[]
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: at.host, port: at.port });
    let received = '';
    socket.setTimeout(CALL_LIMIT_MS, () => socket.destroy(new Error('Redis did not answer in time.')));
    socket.setEncoding('utf8');
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Redis closed the connection.')));
    socket.on('data', (text: string) => {
      received += text;
      const [authenticated, answer] = received.split('\r\n');
      const refusal = [authenticated, answer].find((line) => line?.startsWith('-'));
      if (refusal !== undefined) socket.destroy(new Error(`Redis refused: ${refusal.slice(1)}`));
      // The text after the last line break may be half a line, so an answer counts once a third piece follows it.
      else if (received.split('\r\n').length > 2) {
        resolve(answer ?? '');
        socket.destroy();
      }
    });
    socket.write(encode(['AUTH', at.password]) + encode(words));
  });
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
