import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { VALIDATE } from './messages.ts';

const { path, requestSerialize } = SessionServiceService.validateSession;
const GRPC = { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc' };

let server: Rig;
let calls = 0;

beforeAll(async () => {
  server = await rig({
    validateSession: () => {
      calls += 1;
      return { session: undefined };
    },
  });
});
afterAll(() => server.stop());

describe('a unary call', () => {
  it('with one request message is answered', async () => {
    await expect(statusOf(framed())).resolves.toBe(status.OK);
    expect(calls).toBe(1);
  });

  it.each([
    ['no request message', Buffer.alloc(0)],
    ['two request messages', Buffer.concat([framed(), framed()])],
  ])('with %s is refused without being served', async (_what, body) => {
    calls = 0;
    await expect(statusOf(body)).resolves.toBe(status.UNIMPLEMENTED);
    expect(calls).toBe(0);
  });

  it('with a message that can not be decoded is refused without being served', async () => {
    calls = 0;
    await expect(statusOf(Buffer.from([0, 0, 0, 0, 2, 0x0a, 0x7f]))).resolves.toBe(status.INTERNAL);
    expect(calls).toBe(0);
  });
});

/** A request as it is sent: compression flag, length, message. */
function framed(): Buffer {
  const message = requestSerialize(VALIDATE);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The gRPC status with which a call that sends these bytes ends. */
async function statusOf(body: Buffer): Promise<number> {
  const { ca, cert, key } = server.authority.issueSync('app/test');
  const [caPem, certPem, keyPem] = [ca, cert, key].map((file) => readFileSync(file));
  const session = connect(`https://localhost:${server.server.port}`, { ca: caPem, cert: certPem, key: keyPem });
  const stream = session.request(GRPC, { endStream: false });
  stream.end(body);
  const ended = once(stream, 'trailers').then(([trailers]) => Number(trailers['grpc-status']));
  const refused = once(stream, 'response').then(async ([headers]) =>
    headers['grpc-status'] === undefined ? ended : Number(headers['grpc-status']),
  );
  ended.catch(() => {});
  stream.resume();
  try {
    return await refused;
  } finally {
    session.destroy();
  }
}
