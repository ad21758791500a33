import { Failure } from '@gatehouse/failure';
import type { Logger } from '@gatehouse/process';
import { RevokedReason, SessionServiceService as sessions } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { ServerReflectionService as V1 } from '@gatehouse/proto/grpc/reflection/v1/reflection.ts';
import { ServerReflectionService as V1Alpha } from '@gatehouse/proto/grpc/reflection/v1alpha/reflection.ts';
import { HealthService } from '@gatehouse/proto/health/v1/health.ts';
import { waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { CREATE, VALIDATE } from './messages.ts';

let server: Rig;
let answer: () => { session: undefined };
const lines: [level: string, rpc: string, code: string][] = [];

const log = (level: string) => (line: { readonly rpc: string; readonly code: string }) => {
  lines.push([level, line.rpc, line.code]);
};
const logger = {
  isLevelEnabled: () => true,
  ...Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, log(level)])),
} as unknown as Logger;

beforeAll(async () => {
  server = await rig(
    {
      validateSession: () => answer(),
      createSession: () => Buffer.alloc(0),
      watchSessions: async function* (_request, { signal }) {
        yield Buffer.alloc(0);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    },
    { reflection: true, logger },
  );
  server.server.setServing(true);
});
afterEach(() => {
  lines.length = 0;
});
afterAll(() => server?.stop());

const logged = async () => {
  await waitFor(() => lines.length > 0);
  return lines;
};

/** Takes the first answer of a stream and goes away. */
async function firstOf(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream) break;
}

describe('the line of a call', () => {
  it('is for debugging where health is asked for, once or for as long as somebody listens', async () => {
    const health = server.connectAs('app/test', HealthService);
    await health.check({ service: '' });
    expect(await logged()).toEqual([['debug', HealthService.check.path, 'OK']]);
    lines.length = 0;
    await health.list({});
    expect(await logged()).toEqual([['debug', HealthService.list.path, 'OK']]);
    lines.length = 0;
    await firstOf(health.watch({ service: sessions.validateSession.path.split('/')[1] ?? '' }));
    expect(await logged()).toEqual([['debug', HealthService.watch.path, 'CANCELLED']]);
  });

  it.each([
    ['v1', V1],
    ['v1alpha', V1Alpha],
  ])('is for debugging where the protos are asked for: %s', async (_version, definition) => {
    const { serverReflectionInfo } = server.connectAs('app/test', definition);
    const request = { host: '', messageRequest: { $case: 'listServices' as const, value: '' } };
    for await (const _ of serverReflectionInfo([request]));
    expect(await logged()).toEqual([['debug', definition.serverReflectionInfo.path, 'OK']]);
    lines.length = 0;
    await firstOf(serverReflectionInfo([request, request]));
    expect(await logged()).toMatchObject([['debug', definition.serverReflectionInfo.path, expect.any(String)]]);
  });

  it('is for debugging where an RPC of ours that changes nothing went well', async () => {
    answer = () => ({ session: undefined });
    const client = server.connectAs('app/test', sessions);
    await client.validateSession(VALIDATE);
    expect(await logged()).toEqual([['debug', sessions.validateSession.path, 'OK']]);
    lines.length = 0;
    await firstOf(client.watchSessions([]));
    expect(await logged()).toEqual([['debug', sessions.watchSessions.path, 'CANCELLED']]);
  });

  it('is there where a call changed something, was refused, or asked for what there is not', async () => {
    const client = server.connectAs('app/test', sessions);
    await client.createSession(CREATE);
    expect(await logged()).toEqual([['info', sessions.createSession.path, 'OK']]);
    lines.length = 0;
    answer = () => {
      throw new Failure('unauthenticated', 'SESSION_REVOKED', 'The session was revoked.');
    };
    await expect(client.validateSession(VALIDATE)).rejects.toThrow();
    expect(await logged()).toEqual([['info', sessions.validateSession.path, 'UNAUTHENTICATED']]);
    lines.length = 0;
    const target = { $case: 'sessionId' as const, value: 'none' };
    await expect(client.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT })).rejects.toThrow();
    expect(await logged()).toEqual([['info', sessions.revokeSession.path, 'INVALID_ARGUMENT']]);
    lines.length = 0;
    await expect(server.connectAs('app/test', HealthService).check({ service: 'nobody' })).rejects.toThrow();
    expect(await logged()).toEqual([['info', HealthService.check.path, 'NOT_FOUND']]);
  });
});
