import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { waitFor } from '@gatehouse/testing';
import { Client, credentials, Metadata, Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toGatehouseError } from '../src/channel/error-details.ts';
import {
  type GatehouseClient,
  type GrpcSessionOptions,
  grpcSessionInterceptor,
  requireSession,
  sessionOf,
} from '../src/index.ts';
import { newToken, type StandIn, startStandIn } from './stand-in.ts';

const { getPresence, watchSessions } = SessionServiceService;

let service: StandIn;
let client: GatehouseClient;
const stops: (() => void)[] = [];

beforeEach(async () => {
  service = await startStandIn();
  client = service.connect({ defaults: { retries: 0 } });
});
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await service.stop();
});

/** A server of an application behind the guard: one RPC says whose call it is, a stream does so for each message. */
async function start(options: GrpcSessionOptions = {}) {
  const server = new Server({ interceptors: [grpcSessionInterceptor(client, options)] });
  const userOf = (call: object) => sessionOf(call)?.userId ?? '';
  server.addService(
    { getPresence, watchSessions },
    {
      getPresence: (call: object, callback: (error: null, response: unknown) => void) =>
        callback(null, { presences: [{ userId: userOf(call), isOnline: true, lastActiveAt: undefined }] }),
      watchSessions: (call: NodeJS.EventEmitter & { write(response: unknown): void; end(): void }) => {
        const { userId } = requireSession(call);
        call.on('data', () => call.write({ event: { $case: 'changes', value: { sessionIds: [userId] } } }));
        call.on('end', () => call.end());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const app = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  stops.push(
    () => app.close(),
    () => server.forceShutdown(),
  );
  return app;
}

function metadata(...authorization: string[]): Metadata {
  const made = new Metadata();
  for (const value of authorization) made.add('authorization', value);
  return made;
}

/** The user that a call is taken for; rejects with what it was refused with. */
function whoAmI(app: Client, ...authorization: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = getPresence;
    const request = { userIds: [] };
    app.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata(...authorization),
      (error, response) => (error ? reject(toGatehouseError(error)) : resolve(response?.presences[0]?.userId ?? '')),
    );
  });
}

describe('grpcSessionInterceptor', () => {
  it('lets a call pass with a good session, from the service or from memory', async () => {
    const app = await start();
    const { token, session } = service.add();
    expect(await whoAmI(app, `Bearer ${token}`)).toBe(session.userId);
    await waitFor(() => client.sessions.statistics().isCurrent);
    await whoAmI(app, `bearer ${token}`);
    const { hits } = client.sessions.statistics();
    expect(await whoAmI(app, `Bearer ${token}`)).toBe(session.userId);
    expect(client.sessions.statistics().hits).toBe(hits + 1);
  });

  it.each([
    ['no token', [], 'SESSION_TOKEN_MISSING'],
    ['another scheme', ['Basic eDp5'], 'SESSION_TOKEN_MISSING'],
    ['a token that is no good', [`Bearer ${newToken()}`], 'SESSION_TOKEN_INVALID'],
    ['two tokens', [`Bearer ${newToken()}, Bearer ${newToken()}`], 'SESSION_TOKEN_AMBIGUOUS'],
    ['a token without its scheme', [newToken()], 'SESSION_TOKEN_INVALID'],
    ['a bearer that is none', ['Bearer'], 'SESSION_TOKEN_INVALID'],
  ])('refuses %s as UNAUTHENTICATED', async (_what, authorization, reason) => {
    await expect(whoAmI(await start(), ...authorization)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason });
  });

  it('refuses a level that is too low', async () => {
    const app = await start({ minimumLevel: 2 });
    const low = whoAmI(app, `Bearer ${service.add().token}`);
    await expect(low).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'LEVEL_TOO_LOW' });
    const { token, session } = service.add({ authenticationLevel: 3 });
    expect(await whoAmI(app, `Bearer ${token}`)).toBe(session.userId);
  });

  it('says UNAVAILABLE, and when to ask again, when nobody can tell', async () => {
    const app = await start();
    service.beforeAnswer = () => Promise.reject({ code: status.INTERNAL, details: 'Oh.' });
    await expect(whoAmI(app, `Bearer ${service.add().token}`)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'SESSION_UNAVAILABLE',
      retryAfterMs: 1_000,
    });
  });

  it('lets calls pass as nobody where no session is required', async () => {
    const app = await start({ required: false });
    expect(await whoAmI(app)).toBe('');
    expect(await whoAmI(app, `Bearer ${newToken()}`)).toBe('');
  });

  it('guards the RPCs that it is told to', async () => {
    const app = await start({ appliesTo: (path) => path !== getPresence.path });
    expect(await whoAmI(app)).toBe('');
    expect(service.batches).toEqual([]);
  });

  it('guards streams, before their first message', async () => {
    const app = await start();
    const { path, requestSerialize, responseDeserialize } = watchSessions;
    const open = (...authorization: string[]) =>
      app.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata(...authorization));
    const { token, session } = service.add();
    const good = open(`Bearer ${token}`);
    good.write({ question: 1n });
    good.end();
    const heard: unknown[] = [];
    for await (const response of good) heard.push(response);
    expect(heard).toMatchObject([{ event: { value: { sessionIds: [session.userId] } } }]);
    const bad = open();
    bad.on('data', () => expect.fail('The stream was let in.'));
    const error = await new Promise<ServiceError>((resolve) => bad.on('error', resolve));
    expect(toGatehouseError(error)).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'SESSION_TOKEN_MISSING' });
  });
});
