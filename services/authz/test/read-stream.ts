import { type Bidi, bidiClient, type StreamEnd } from '@gatehouse/testing';
import type { Fixture } from './fixture.ts';

type Rpc<Request, Response> = {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
};

/** How the stream ended when it was well. */
export const WELL: StreamEnd = { code: 0, reason: '' };

/** Asks once and reads the stream of answers to its end. */
export async function readStream<Request, Response>(
  { service }: Pick<Fixture, 'service'>,
  rpc: Rpc<Request, Response>,
  request: Request,
  peer = 'app/test',
): Promise<{ readonly messages: readonly Response[]; readonly end: StreamEnd }> {
  const client = await bidiClient(service, peer);
  try {
    const stream: Bidi<Request, Response> = client.open(rpc, { 'grpc-timeout': '60S' });
    stream.send(request);
    stream.finish();
    const end = await stream.ended;
    return { messages: stream.responses, end };
  } finally {
    client.close();
  }
}
