import { randomBytes } from 'node:crypto';
import { type Database, openDatabase, provision, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { startPostgres, startRedis, waitFor } from '@gatehouse/testing';
import { migrationsOf } from './migrations-of.ts';

/** Real stores that nobody else uses, with the schemas of the services that are measured. */
export interface Stores extends AsyncDisposable {
  readonly redisUrl: string;
  /** The whole database, as its superuser. */
  readonly admin: Database;
  /** URL of the database for a service's own role. */
  postgresUrl(service: MeasuredService): string;
  /** Waits until the service's audit events have been delivered, so that none is while something is measured. */
  settled(service: MeasuredService): Promise<void>;
}

export type MeasuredService = 'session' | 'authz';

const SERVICES: readonly MeasuredService[] = ['session', 'authz'];
const SETTLE_TIMEOUT_MS = 60_000;
const SETTLE_POLL_MS = 100;
/** Populations are put in by statements of many rows. */
const STATEMENT_TIMEOUT_MS = 120_000;

/** Starts Postgres and Redis and makes the schemas. They are removed with everything in them. */
export async function startStores(): Promise<Stores> {
  await using starting = new AsyncDisposableStack();
  const postgres = starting.use(await startPostgres());
  const redis = starting.use(await startRedis());
  const urls = new Map<MeasuredService, string>();
  for (const service of SERVICES) {
    const { appUrl } = await provision({
      adminUrl: postgres.adminUrl,
      service,
      directory: migrationsOf(service),
      ownerPassword: randomBytes(24).toString('base64url'),
      appPassword: randomBytes(24).toString('base64url'),
    });
    urls.set(service, appUrl);
  }
  const admin = openDatabase({
    url: postgres.adminUrl,
    applicationName: 'gatehouse-bench',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    maxConnections: 1,
    logger: silentLogger,
  });
  starting.defer(() => admin.close());
  const started = starting.move();
  return {
    redisUrl: redis.url,
    admin,
    postgresUrl: (service) => urls.get(service) ?? '',
    settled: async (service) => {
      const count = statement<{ waiting: bigint }>(
        `bench.count-${service}-outbox`,
        `select count(*) as waiting from ${service}.outbox`,
      );
      const isEmpty = async () => (await admin.query(count))[0]?.waiting === 0n;
      await waitFor(isEmpty, { timeoutMs: SETTLE_TIMEOUT_MS, everyMs: SETTLE_POLL_MS });
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
