import { randomUUID } from 'node:crypto';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import * as main from '@gatehouse/session-service';
import {
  createTestDatabase,
  lendRedis,
  type RedisInstance,
  startTestService,
  type TestDatabase,
  type TestService,
  testAuthority,
  testStores,
} from '@gatehouse/testing';
import { connectGatehouse, type GatehouseOptions } from '../src/index.ts';

/** Real instances of the session service on the same stores, and clients of the package under test. */
export interface Mesh {
  readonly instances: readonly TestService[];
  /** A new session, made by identity at the first instance. */
  createSession(request?: {
    readonly userId?: string;
    readonly lifetimeSeconds?: number;
    readonly idleTimeoutSeconds?: number;
  }): Promise<{ readonly token: string; readonly sessionId: string; readonly userId: string }>;
  /** A client as the peer `app/test`, of all instances unless the options say otherwise. */
  connect(options?: Partial<GatehouseOptions>): ReturnType<typeof connectGatehouse>;
  stop(): Promise<void>;
}

export async function startMesh({
  instances: count = 1,
  env = {},
  redis: given,
}: {
  readonly instances?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** One that the test stops, and that goes with the mesh; else one of the worker's is lent. */
  readonly redis?: RedisInstance;
} = {}): Promise<Mesh> {
  const redis = given ?? (await lendRedis());
  const database: TestDatabase = await createTestDatabase('session');
  const instances: TestService[] = [];
  for (let number = 1; number <= count; number++) {
    instances.push(await startTestService({ name: 'session', main, env, redis, database, instance: `test-${number}` }));
  }
  const first = instances[0];
  if (!first) throw new RangeError('There is at least one instance.');
  const identity = first.connectAs('identity', SessionServiceService);
  const files = await (await testAuthority()).issue('app/test');
  const clients: { close(): void }[] = [];
  return {
    instances,
    async createSession({ userId = randomUUID(), lifetimeSeconds = 0, idleTimeoutSeconds = 0 } = {}) {
      const { sessionToken, session } = await identity.createSession({
        userId,
        authenticationMethods: ['pwd'],
        origin: undefined,
        lifetimeSeconds,
        idleTimeoutSeconds,
        authenticationLevel: 0,
        withRefreshToken: false,
      });
      return { token: sessionToken, sessionId: session?.sessionId ?? '', userId };
    },
    connect(options = {}) {
      const client = connectGatehouse({
        session: { addresses: instances.map(({ address }) => address) },
        tls: { ...files, trustDomain: testStores().trustDomain },
        ...options,
      });
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.close();
      for (const instance of instances) await instance.stop();
      await redis.stop();
      await database.drop();
    },
  };
}
