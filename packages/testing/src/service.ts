import { type AddressInfo, createServer } from 'node:net';
import type { RunningService } from '@gatehouse/mesh';
import { type Clock, createRegistry, silentLogger } from '@gatehouse/process';
import { type Client, certificateSource, connect, type Mounted, type RpcDefinitions, serve } from '@gatehouse/rpc';
import type { Authority } from './certificates/authority.ts';
import { type RedisInstance, startRedis } from './redis/start-redis.ts';
import { testAuthority } from './test-authority.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { testStores } from './test-stores.ts';

/** A service's entry point. */
export interface ServiceMain<Config> {
  start(config: Config, options?: { readonly clock?: Clock }): Promise<RunningService>;
  readConfig(env: Readonly<Record<string, string | undefined>>): Config;
}

export interface TestServiceOptions<Config> {
  /** Name of the service, which is also that of its schema and certificate. */
  readonly name: string;
  readonly main: ServiceMain<Config>;
  /** Further variables, over those that the harness sets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** To share one between instances; else the service gets its own. */
  readonly redis?: RedisInstance;
  readonly database?: TestDatabase;
  readonly instance?: string;
}

/** A real service on real stores, in the process of the test. */
export interface TestService {
  readonly name: string;
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly adminUrl: string;
  readonly database: TestDatabase;
  readonly redis: RedisInstance;
  /** A client with the certificate of a peer, such as `app/test` or `identity`. It is closed with the service. */
  connectAs<Definition extends RpcDefinitions>(peer: string, definition: Definition): Client<Definition>;
  stop(): Promise<void>;
}

/** What a call of a test may take; only one that is about deadlines wants less. */
const DEADLINE_MS = 15_000;

const SERVICES = ['identity', 'session', 'authz', 'audit', 'ops'] as const;

/** What one service must be told and the others need not. */
const FURTHER_VARIABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // A refresh at each start would be work for nothing.
  authz: { GATEHOUSE_AUTHZ_USER_ROLE_CACHE_MAX_AGE_SECONDS: '0' },
  session: {
    GATEHOUSE_SESSION_SECRET_KEYS: `1:${Buffer.alloc(32, 'a key for tests').toString('base64url')}`,
    GATEHOUSE_SESSION_HTTP_LISTEN: '127.0.0.1:0',
  },
};

/** Starts a service. Peers that `env` does not name are out of reach, so that its outbox keeps what it would deliver. */
export async function startTestService<Config>(options: TestServiceOptions<Config>): Promise<TestService> {
  const { name, main, clock } = options;
  const authority = await testAuthority();
  const database = options.database ?? (await createTestDatabase(name));
  const redis = options.redis ?? (await startRedis());
  const files = await authority.issue(name);
  const nowhere = `127.0.0.1:${await closedPort()}`;
  const upper = name.toUpperCase();
  const env = {
    GATEHOUSE_LISTEN: '127.0.0.1:0',
    GATEHOUSE_ADMIN_LISTEN: '127.0.0.1:0',
    GATEHOUSE_TLS_CA: files.ca,
    GATEHOUSE_TLS_CERT: files.cert,
    GATEHOUSE_TLS_KEY: files.key,
    GATEHOUSE_TRUST_DOMAIN: testStores().trustDomain,
    GATEHOUSE_LOG_LEVEL: 'silent',
    GATEHOUSE_INSTANCE: options.instance ?? 'test',
    GATEHOUSE_DRAIN_BUDGET_MS: '3000',
    GATEHOUSE_REFLECTION: 'on',
    ...Object.fromEntries(SERVICES.map((service) => [`GATEHOUSE_${service.toUpperCase()}_ADDRESS`, nowhere])),
    [`GATEHOUSE_${upper}_POSTGRES_URL`]: database.url,
    [`GATEHOUSE_${upper}_REDIS_URL`]: redis.url,
    ...FURTHER_VARIABLES[name],
    ...options.env,
  };
  const running = await main.start(main.readConfig(env), clock ? { clock } : {});
  const address = `127.0.0.1:${running.port}`;
  const connections = peerConnections(authority, testStores().trustDomain);
  return {
    name,
    address,
    adminUrl: `http://127.0.0.1:${running.adminPort}`,
    database,
    redis,
    connectAs: (peer, definition) => connections.connect(peer, { name, address }, definition),
    async stop() {
      connections.close();
      await running.stop();
      if (!options.redis) await redis.stop();
      if (!options.database) await database.drop();
    },
  };
}

/** A server with the certificate of a peer, for answers that the real peer cannot be made to give. */
export async function startStandIn({
  name,
  services,
}: {
  readonly name: string;
  readonly services: readonly Mounted[];
}) {
  const files = await (await testAuthority()).issue(name);
  const certificates = certificateSource({ ...files, logger: silentLogger });
  const server = await serve({
    listen: { host: '127.0.0.1', port: 0 },
    transport: { kind: 'mtls', certificates, trustDomain: testStores().trustDomain },
    services,
    reflection: false,
    logger: silentLogger,
    registry: createRegistry(name),
  });
  server.setServing(true);
  return {
    address: `127.0.0.1:${server.port}`,
    stop: async () => {
      certificates.stop();
      await server.drain(1_000);
    },
  };
}

/** Clients under any peer's name, which are all closed at once. */
export function peerConnections(authority: Authority, trustDomain: string) {
  const opened: { close(): void }[] = [];
  return {
    connect<Definition extends RpcDefinitions>(
      peer: string,
      server: { readonly name: string; readonly address: string },
      definition: Definition,
    ): Client<Definition> {
      const certificates = certificateSource({ ...authority.issueSync(peer), logger: silentLogger });
      const transport = { kind: 'mtls', certificates, trustDomain, serverName: server.name } as const;
      const client = connect({ definition, address: server.address, transport, defaultDeadlineMs: DEADLINE_MS });
      opened.push(client, { close: () => certificates.stop() });
      return client;
    },
    close: () => {
      for (const each of opened.splice(0)) each.close();
    },
  };
}

/** A port of this machine on which nobody listens. */
function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
