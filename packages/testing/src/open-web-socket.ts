import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { HttpReply } from './http-door.ts';

/** Asks for a WebSocket, and answers with what comes through it until it is closed; with the answer where none is opened. */
export function openWebSocket(url: string, headers: Readonly<Record<string, string>>): Promise<HttpReply> {
  const handshake = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  return new Promise((resolve, reject) => {
    const message = request(url, { agent: false, headers: { ...handshake, ...headers } });
    const reply = (response: IncomingMessage, body: string) =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers as Record<string, string>, body });
    message.once('error', reject);
    message.once('response', (response) => text(response).then((body) => reply(response, body), reject));
    message.once('upgrade', (response, socket, head) => {
      socket.unshift(head);
      text(socket).then((body) => reply(response, body), reject);
    });
    message.end();
  });
}
