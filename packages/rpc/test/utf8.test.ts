import { SessionServiceService as rpcs } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { CREATE, VALIDATE } from './messages.ts';

/** Stands in a message for bytes that are not UTF-8. */
const MARK = '@@@@';
const BAD = Buffer.from('e4f6fcff', 'hex');

let server: Rig;
const served: unknown[] = [];

beforeAll(async () => {
  const serve = (request: unknown) => {
    served.push(request);
    return Buffer.alloc(0);
  };
  server = await rig({
    createSession: serve,
    getPresence: serve,
    revokeSession: serve,
    validateSession: serve,
    streamValidateSessions: { open: () => ({ message: serve }) },
  });
});
afterEach(() => {
  served.length = 0;
});
afterAll(() => server?.stop());

/** The contract as a client has it that does not encode its texts. */
function withBadBytes<Rpc extends { requestSerialize(value: never): Buffer }>(rpc: Rpc): Rpc {
  const requestSerialize = (value: never) => {
    const bytes = rpc.requestSerialize(value);
    for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK)) BAD.copy(bytes, at);
    return bytes;
  };
  return { ...rpc, requestSerialize };
}

const bad = {
  createSession: withBadBytes(rpcs.createSession),
  getPresence: withBadBytes(rpcs.getPresence),
  revokeSession: withBadBytes(rpcs.revokeSession),
  validateSession: withBadBytes(rpcs.validateSession),
  streamValidateSessions: withBadBytes(rpcs.streamValidateSessions),
};
const origin = { ipAddress: '', userAgent: MARK, deviceFingerprint: '', countryCode: '', city: `x${MARK}` };
const refused = (...fields: string[]) => ({
  kind: 'invalid',
  reason: 'FIELD_INVALID',
  fields: fields.map((field) => ({ field, description: 'UTF8: must be UTF-8' })),
});

describe('bytes that are not UTF-8', () => {
  it('are refused in every text of a request, by its name, before it is served', async () => {
    const client = server.connectAs('app/test', bad);
    const create = client.createSession({ ...CREATE, authenticationMethods: ['pwd', MARK], origin });
    await expect(create).rejects.toMatchObject(
      refused('authentication_methods[1]', 'origin.user_agent', 'origin.city'),
    );
    await expect(client.getPresence({ userIds: [MARK] })).rejects.toMatchObject(refused('user_ids[0]'));
    await expect(
      client.revokeSession({ target: { $case: 'sessionId', value: MARK }, reason: 1 }),
    ).rejects.toMatchObject(refused('session_id'));
    await expect(client.validateSession({ ...VALIDATE, consistencyToken: MARK })).rejects.toMatchObject(
      refused('consistency_token'),
    );
    expect(served).toEqual([]);
  });

  it('end a stream that they come on', async () => {
    const client = server.connectAs('app/test', bad);
    const stream = client.streamValidateSessions([{ ...VALIDATE, consistencyToken: MARK }] as never);
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toMatchObject(refused('consistency_token'));
    expect(served).toEqual([]);
  });

  it('are no good credential, for which the RPC has an answer', async () => {
    await server.connectAs('app/test', bad).validateSession({ ...VALIDATE, sessionToken: `ghs_${MARK}` });
    const [{ sessionToken }] = served as [{ sessionToken: string }];
    expect(sessionToken.isWellFormed()).toBe(false);
  });

  it('are not what stands for them elsewhere', async () => {
    const client = server.connectAs('app/test', rpcs);
    const userAgent = '\ufffd\ufffd\ufffd\ufffd \ufeff 🦉';
    await client.createSession({ ...CREATE, origin: { ...origin, userAgent } });
    expect(served).toMatchObject([{ origin: { userAgent } }]);
  });
});
