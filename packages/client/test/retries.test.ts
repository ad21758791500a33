import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IDEMPOTENT_RPCS } from '../src/channel/idempotent-rpcs.ts';
import { type StandIn, startStandIn } from './stand-in.ts';

let server: StandIn;
beforeEach(async () => {
  server = await startStandIn();
});
afterEach(() => server.stop());

/** Answers UNAVAILABLE so often, and then lets the call succeed. */
function unavailable(times: number, code = status.UNAVAILABLE) {
  let left = times;
  const fail = () => (left-- > 0 ? { code, details: 'Try again.' } : undefined);
  server.answerOthers = fail;
  server.beforeAnswer = () => {
    const error = fail();
    if (error) throw error;
  };
}

const SESSION = '/gatehouse.session.v1.SessionService';
const USER_ID = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1';

describe('retries', () => {
  it('are made for exactly the RPCs that the contract lets be made twice', () => {
    const image = readFileSync(createRequire(import.meta.url).resolve('@gatehouse/proto/image.binpb'));
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
    for (const [service, names] of Object.entries(IDEMPOTENT_RPCS)) {
      const repeatable = registry
        .getService(service)
        ?.methods.filter(({ idempotency }) => idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN)
        .filter(({ methodKind }) => methodKind === 'unary')
        .map(({ name }) => name);
      // The client has no RPC for signing keys or for managing roles: operators have the command line.
      const isWhole = service.startsWith('gatehouse.session.');
      const known = repeatable?.filter((name) =>
        isWhole ? !name.includes('SigningKey') : names.includes(name as never),
      );
      expect(known).toEqual([...names]);
    }
  });

  it('bring a validation through while a server is away', async () => {
    unavailable(2);
    const { token } = server.add();
    expect(await server.connect().sessions.validate(token)).toBeDefined();
    expect(server.batches).toHaveLength(3);
  });

  it('end, and then the error is told', async () => {
    unavailable(100);
    const { token } = server.add();
    await expect(server.connect().sessions.validate(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(server.batches).toHaveLength(3);
  });

  it('are as many as the client was told', async () => {
    unavailable(100);
    const { token } = server.add();
    const client = server.connect({ defaults: { retries: 0 } });
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(server.batches).toHaveLength(1);
    expect(() => server.connect({ defaults: { retries: 5 } })).toThrow(RangeError);
  });

  it('are not made for an RPC that must not be made twice', async () => {
    unavailable(1);
    const client = server.connect();
    const creating = client.sessions.create({ userId: USER_ID, authenticationMethods: ['pwd'] });
    await expect(creating).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const { token } = server.add();
    unavailable(1);
    const elevating = client.sessions.elevate(token, { authenticationMethods: ['otp'], authenticationLevel: 2 });
    await expect(elevating).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(server.calls).toEqual([`${SESSION}/CreateSession`, `${SESSION}/ElevateSession`]);
  });

  it('are made for a revocation', async () => {
    unavailable(1);
    await server.connect().sessions.revokeUser(USER_ID, 'user_disabled');
    expect(server.calls).toEqual(Array(2).fill(`${SESSION}/RevokeUserSessions`));
  });

  it.each([status.INTERNAL, status.PERMISSION_DENIED, status.RESOURCE_EXHAUSTED, status.DEADLINE_EXCEEDED])(
    'are not made after status %i',
    async (code) => {
      unavailable(1, code);
      const { token } = server.add();
      await expect(server.connect().sessions.validate(token)).rejects.toMatchObject({ code: status[code] });
      expect(server.batches).toHaveLength(1);
    },
  );
});
