import { type AddressInfo, createServer } from 'node:net';
import type { RunningService } from '@gatehouse/mesh';
import { type Clock, createRegistry, silentLogger } from '@gatehouse/process';
import { type Client, certificateSource, connect, type Mounted, type RpcDefinitions, serve } from '@gatehouse/rpc';
import type { CertificateFiles } from './certificates/authority.ts';
import { CALL_LIMIT_MS } from './patience.ts';
import { type LentRedis, lendRedis } from './redis/lend-redis.ts';
import type { RedisInstance } from './redis/start-redis.ts';
import { stopIfOver } from './running-test.ts';
import { peerCertificates } from './test-authority.ts';
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
  /** To share one between instances, or one that the test stops; else one of the worker's is lent. */
  readonly redis?: LentRedis | RedisInstance;
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
  readonly redis: LentRedis | RedisInstance;
  /** A client with the certificate of a peer, such as `app/test` or `identity`. It is closed with the service. */
  connectAs<Definition extends RpcDefinitions>(peer: string, definition: Definition): Client<Definition>;
  stop(): Promise<void>;
}

/**
 * What a service that runs on the worker's stores is told: nobody stops those, and a busy machine makes a test slow, not
 * red. On stores of the test's own it keeps the limits that it has in use.
 */
const ON_LENT_POSTGRES = {
  GATEHOUSE_POSTGRES_CONNECT_TIMEOUT_MS: String(CALL_LIMIT_MS),
  GATEHOUSE_POSTGRES_STATEMENT_TIMEOUT_MS: String(CALL_LIMIT_MS),
};
const ON_LENT_REDIS = { GATEHOUSE_REDIS_COMMAND_TIMEOUT_MS: String(CALL_LIMIT_MS) };

const SERVICES = ['identity', 'session', 'authz', 'audit', 'ops'] as const;

/** What one service must be told and the others need not. */
const FURTHER_VARIABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // A refresh at each start would be work for nothing.
  authz: { GATEHOUSE_AUTHZ_USER_ROLE_CACHE_MAX_AGE_SECONDS: '0' },
  session: { GATEHOUSE_SESSION_HTTP_LISTEN: '127.0.0.1:0' },
};

/** Starts a service. Peers that `env` does not name are out of reach, so that its outbox keeps what it would deliver. */
export async function startTestService<Config>(options: TestServiceOptions<Config>): Promise<TestService> {
  const { name, main, clock } = options;
  const certificates = await peerCertificates();
  const database = options.database ?? (await createTestDatabase(name));
  const redis = options.redis ?? (await lendRedis());
  const files = certificates(name);
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
    ...(database.isShared ? ON_LENT_POSTGRES : {}),
    ...('pause' in redis ? {} : ON_LENT_REDIS),
    ...Object.fromEntries(SERVICES.map((service) => [`GATEHOUSE_${service.toUpperCase()}_ADDRESS`, nowhere])),
    [`GATEHOUSE_${upper}_POSTGRES_URL`]: database.url,
    [`GATEHOUSE_${upper}_REDIS_URL`]: redis.url,
    [`GATEHOUSE_${upper}_SECRET_KEYS`]: `1:${Buffer.alloc(32, 'a key for tests').toString('base64url')}`,
    ...FURTHER_VARIABLES[name],
    ...options.env,
  };
  const running = await main.start(main.readConfig(env), clock ? { clock } : {});
  const address = `127.0.0.1:${running.port}`;
  const connections = peerConnections(certificates, testStores().trustDomain);
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
  const files = (await peerCertificates())(name);
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

/** Clients under any peer's name: one for each peer and service, however often it is asked for, which are all closed at once. */
export function peerConnections(certificatesOf: (peer: string) => CertificateFiles, trustDomain: string) {
  const opened = new Map<string, Map<RpcDefinitions, { readonly client: { close(): void }; close(): void }>>();
  return {
    connect<Definition extends RpcDefinitions>(
      peer: string,
      server: { readonly name: string; readonly address: string },
      definition: Definition,
    ): Client<Definition> {
      const ofPeer = opened.get(peer) ?? new Map();
      opened.set(peer, ofPeer);
      const found = ofPeer.get(definition);
      if (found !== undefined) return found.client as Client<Definition>;
      const certificates = certificateSource({ ...certificatesOf(peer), logger: silentLogger });
      const transport = { kind: 'mtls', certificates, trustDomain, serverName: server.name } as const;
      const client = connect({ definition, address: server.address, transport, defaultDeadlineMs: CALL_LIMIT_MS });
      const close = () => {
        ofPeer.delete(definition);
        client.close();
        certificates.stop();
      };
      const made = { client: unlessOver({ ...client, close }), close };
      ofPeer.set(definition, made);
      return made.client;
    },
    close: () => {
      for (const ofPeer of opened.values()) for (const { close } of [...ofPeer.values()]) close();
    },
  };
}

/** The same client, which makes no call in the name of a test that is over. */
function unlessOver<Made extends object>(client: Made): Made {
  const guarded = Object.entries(client).map(([name, call]) => [
    name,
    (...words: unknown[]) => {
      if (name !== 'close') stopIfOver();
      return (call as (...all: unknown[]) => unknown)(...words);
    },
  ]);
  return Object.fromEntries(guarded) as Made;
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
