import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { VALIDATE } from './messages.ts';
import { framed, rawAnswer, rawCall, rawSession } from './raw-call.ts';

const { path, requestSerialize } = SessionServiceService.validateSession;
const REQUEST = framed(requestSerialize(VALIDATE));

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
    await expect(statusOf(REQUEST)).resolves.toBe(status.OK);
    expect(calls).toBe(1);
  });

  it.each([
    ['no request message', Buffer.alloc(0)],
    ['two request messages', Buffer.concat([REQUEST, REQUEST])],
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

/** The gRPC status with which a call that sends these bytes ends. */
async function statusOf(body: Buffer): Promise<number> {
  const session = rawSession(server);
  try {
    const stream = rawCall(session, path);
    stream.end(body);
    return (await rawAnswer(stream)).code;
  } finally {
    session.destroy();
  }
}
