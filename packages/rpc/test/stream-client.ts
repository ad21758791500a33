import { readFileSync } from 'node:fs';
import { type ClientHttp2Stream, connect } from 'node:http2';
import {
  SessionServiceService,
  type StreamValidateSessionsRequest,
  type StreamValidateSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type CallOptions, Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import type { Rig } from './harness.ts';

/** A compression flag and the length of the message. */
const FRAME_HEAD_BYTES = 5;

/** A stream of validations by a bare grpc-js client. */
export interface OpenStream {
  readonly stream: ClientDuplexStream<StreamValidateSessionsRequest, StreamValidateSessionsResponse>;
  /** Session ids of the answers, in the order in which they came. */
  readonly answers: string[];
  /** The status at the end. */
  readonly code: Promise<number>;
  ask(token: string): void;
  close(): void;
}

/** Opens a stream whose answers are read as they come. */
export function openStream(
  { authority, server: { port } }: Rig,
  { peer = 'app/test', ...options }: CallOptions & { peer?: string } = {},
): OpenStream {
  const { ca, cert, key } = authority.issueSync(peer);
  const client = new Client(
    `localhost:${port}`,
    credentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(cert)),
  );
  const { path, requestSerialize, responseDeserialize } = SessionServiceService.streamValidateSessions;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), options);
  const answers: string[] = [];
  stream.on('data', (answer) => answers.push(sessionIdOf(answer)));
  stream.on('error', () => {});
  return {
    stream,
    answers,
    code: new Promise((resolve) => stream.on('status', (status) => resolve(status.code))),
    ask: (sessionToken) => stream.write({ sessionToken, freshness: 0, consistencyToken: '' }),
    close: () => client.close(),
  };
}

/** A stream below grpc-js, of which nothing is read until a test does: a client of grpc-js reads ahead, and gives up first. */
export function openUnread(
  { authority, server: { port } }: Rig,
  headers: Readonly<Record<string, string>> = {},
): { readonly stream: ClientHttp2Stream; ask(token: string): void; close(): void } {
  const { ca, cert, key } = authority.issueSync('app/test');
  const session = connect(`https://localhost:${port}`, {
    ca: readFileSync(ca),
    cert: readFileSync(cert),
    key: readFileSync(key),
  });
  const { path, requestSerialize } = SessionServiceService.streamValidateSessions;
  const stream = session.request(
    { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc', ...headers },
    { endStream: false },
  );
  stream.on('error', () => {});
  return {
    stream,
    ask: (sessionToken) => {
      const message = requestSerialize({ sessionToken, freshness: 0, consistencyToken: '' });
      const head = Buffer.alloc(FRAME_HEAD_BYTES);
      head.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([head, message]));
    },
    close: () => session.destroy(),
  };
}

/** The answers in what was received; a message that is cut off is left out. */
export function answersIn(bytes: Buffer): StreamValidateSessionsResponse[] {
  const answers: StreamValidateSessionsResponse[] = [];
  for (let at = 0; at + FRAME_HEAD_BYTES <= bytes.length; ) {
    const from = at + FRAME_HEAD_BYTES;
    at = from + bytes.readUInt32BE(at + 1);
    if (at > bytes.length) break;
    answers.push(SessionServiceService.streamValidateSessions.responseDeserialize(bytes.subarray(from, at)));
  }
  return answers;
}

export function sessionIdOf({ result }: StreamValidateSessionsResponse): string {
  return result?.$case === 'session' ? result.value.sessionId : '';
}
