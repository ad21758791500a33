export { startApplication } from './application.ts';
export { type Bidi, bidiClient, type StreamEnd } from './bidi-client.ts';
export { byWayOf, databaseByWayOf } from './by-way-of.ts';
export { areWell, isCurrent, isTrusting, metricsOf } from './cache-health.ts';
export { type Authority, type CertificateFiles, createAuthority, type IssueOptions } from './certificates/authority.ts';
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
export { dataHome, dataHomeElsewhere } from './data-home.ts';
export { type DatabaseDump, dumpDatabase } from './database-dump.ts';
export { envoyCheckRequest } from './envoy-check-request.ts';
export { type FakeClock, fakeClock } from './fake-clock.ts';
export { freePort } from './free-port.ts';
export { ask, type HttpAsk, type HttpReply } from './http-door.ts';
export { changingRpcs } from './keyed-rpcs.ts';
export { outboxEvents } from './outbox-events.ts';
export { CALL_LIMIT_MS, CONDITION_LIMIT_MS, PATIENT } from './patience.ts';
export { type FailoverPair, startFailoverPair } from './postgres/failover-pair.ts';
export { type PgBackRest, pgBackRestAvailable } from './postgres/pgbackrest.ts';
export { privateDatabase } from './postgres/private-database.ts';
export { type PostgresInstance, type PostgresOptions, startPostgres } from './postgres/start-postgres.ts';
export {
  type PostgresStandby,
  type StandbyOptions,
  startStandby,
} from './postgres/start-standby.ts';
export { type ProxyExampleOptions, startProxyExample } from './proxy-example.ts';
export { type LentRedis, lendRedis } from './redis/lend-redis.ts';
export { type RedisInstance, type RedisOptions, startRedis } from './redis/start-redis.ts';
export {
  peerConnections,
  type ServiceMain,
  startStandIn,
  startTestService,
  type TestService,
  type TestServiceOptions,
} from './service.ts';
export { type Stopwatch, startStopwatch } from './stopwatch.ts';
export { type Selection, startTcpProxy, type Target, type TcpProxy, type TcpProxyOptions } from './tcp-proxy.ts';
export { rolePassword } from './templates.ts';
export { peerCertificates, testAuthority } from './test-authority.ts';
export { createTestDatabase, type TestDatabase } from './test-database.ts';
export { type TestStores, testStores } from './test-stores.ts';
export { openTls, type TlsConnection, type TlsConnectionOptions } from './tls-connection.ts';
export { waitFor } from './wait-for.ts';
export { startWebServer, type WebServer, type WebServerProgram } from './web-server.ts';
