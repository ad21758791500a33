import { type Database, missingMigrations, openDatabase } from '@gatehouse/postgres';
import {
  type Clock,
  createLogger,
  createRegistry,
  type HostPort,
  type Logger,
  type Readiness,
  type Registry,
  type StopStack,
  startAdminServer,
  stopStack,
} from '@gatehouse/process';
import { AuditServiceService } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import {
  type Acting,
  type CertificateSource,
  type Client,
  connect,
  type Mounted,
  type RpcDefinitions,
  serve,
} from '@gatehouse/rpc';
import { ownCertificates } from './own-certificates.ts';
import { type DecisionLevel, openTrail, type Trail } from './trail.ts';

/** The part of a service's configuration that is the same for all five. */
export interface RuntimeConfig {
  readonly GATEHOUSE_LISTEN: HostPort;
  readonly GATEHOUSE_ADMIN_LISTEN: HostPort;
  readonly GATEHOUSE_TLS_CA: string;
  readonly GATEHOUSE_TLS_CERT: string;
  readonly GATEHOUSE_TLS_KEY: string;
  readonly GATEHOUSE_TRUST_DOMAIN: string;
  readonly GATEHOUSE_LOG_LEVEL: string;
  readonly GATEHOUSE_INSTANCE: string;
  readonly GATEHOUSE_DRAIN_BUDGET_MS: number;
  readonly GATEHOUSE_DRAIN_DELAY_MS: number;
  readonly GATEHOUSE_REFLECTION: 'on' | 'off';
  readonly GATEHOUSE_POSTGRES_CONNECTIONS: number;
  readonly GATEHOUSE_POSTGRES_CONNECT_TIMEOUT_MS: number;
  readonly GATEHOUSE_POSTGRES_STATEMENT_TIMEOUT_MS: number;
}

export interface RuntimeOptions {
  readonly service: string;
  readonly config: RuntimeConfig;
  readonly postgresUrl: string;
  /** Folder of the service's migrations; readiness names those that the database lacks. */
  readonly migrations: string;
  readonly clock: Clock;
}

/** What every service stands on. Whatever is opened through it is closed by its stop stack. */
export interface Runtime {
  readonly service: string;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly stops: StopStack;
  readonly certificates: CertificateSource;
  readonly db: Database;
  /** A client of another service, known by its name; `address` is a grpc-js target. */
  peer<Definition extends RpcDefinitions>(name: string, definition: Definition, address: string): Client<Definition>;
  /** The service's audit trail, delivered to the audit service at `auditAddress`. */
  trail(auditAddress: string, decisions: DecisionLevel): Trail;
  /** Serves, and is ready when the database has every migration and `ready` adds no reason. */
  serve(options: ServiceOptions): Promise<RunningService>;
}

export interface ServiceOptions {
  readonly services: readonly Mounted[];
  readonly acting?: Acting;
  /** Further reasons not to be ready. It is asked before anything is served: what it throws then ends the start. */
  readonly ready?: () => Promise<readonly string[]>;
  readonly maxRequestBytes?: number;
}

/** A service that answers. */
export interface RunningService {
  readonly port: number;
  readonly adminPort: number;
  stop(): Promise<void>;
}

/** Kept back from the drain budget for what is stopped after the last call: relays, pools, connections. */
const CLOSE_SHARE = 0.3;

/** Opens what every service stands on. */
export function openRuntime({ service, config, postgresUrl, migrations, clock }: RuntimeOptions): Runtime {
  const logger = createLogger({ service, level: config.GATEHOUSE_LOG_LEVEL, instance: config.GATEHOUSE_INSTANCE });
  const registry = createRegistry(service);
  const stops = stopStack(logger);
  const certificates = ownCertificates(service, config, { logger, registry });
  stops.add('certificates', () => certificates.stop());
  const db = openDatabase({
    url: postgresUrl,
    applicationName: `gatehouse-${service}`,
    maxConnections: config.GATEHOUSE_POSTGRES_CONNECTIONS,
    connectTimeoutMs: config.GATEHOUSE_POSTGRES_CONNECT_TIMEOUT_MS,
    acquireTimeoutMs: config.GATEHOUSE_POSTGRES_CONNECT_TIMEOUT_MS,
    statementTimeoutMs: config.GATEHOUSE_POSTGRES_STATEMENT_TIMEOUT_MS,
    logger,
    registry,
  });
  stops.add('postgres', () => db.close());
  const trustDomain = config.GATEHOUSE_TRUST_DOMAIN;

  const runtime: Runtime = {
    service,
    logger,
    registry,
    clock,
    stops,
    certificates,
    db,
    peer(name, definition, address) {
      const client = connect({
        definition,
        address,
        transport: { kind: 'mtls', certificates, trustDomain, serverName: name },
      });
      stops.add(`client of ${name}`, () => client.close());
      return client;
    },
    trail(auditAddress, decisions) {
      const audit = runtime.peer('audit', AuditServiceService, auditAddress);
      const trail = openTrail({ service, schema: service, db, audit, logger, registry, decisions });
      stops.add('audit trail', () => trail.stop());
      return trail;
    },
    async serve({ services, acting, ready = async () => [], maxRequestBytes }) {
      await ready();
      const server = await serve({
        listen: config.GATEHOUSE_LISTEN,
        transport: { kind: 'mtls', certificates, trustDomain },
        services,
        reflection: config.GATEHOUSE_REFLECTION === 'on',
        logger,
        registry,
        ...(acting ? { acting } : {}),
        ...(maxRequestBytes ? { maxRequestBytes } : {}),
      });
      const budgetMs = config.GATEHOUSE_DRAIN_BUDGET_MS;
      const delayMs = Math.min(config.GATEHOUSE_DRAIN_DELAY_MS, budgetMs * (1 - CLOSE_SHARE));
      stops.add('server', () => server.drain(budgetMs * (1 - CLOSE_SHARE) - delayMs));
      const admin = await startAdminServer({
        host: config.GATEHOUSE_ADMIN_LISTEN.host,
        port: config.GATEHOUSE_ADMIN_LISTEN.port,
        registry,
        logger,
        ready: () => readiness(db, service, migrations, ready),
      });
      stops.add('admin server', () => admin.stop());
      server.setServing(true);
      logger.info({ port: server.port, adminPort: admin.port }, 'serving');
      return {
        port: server.port,
        adminPort: admin.port,
        async stop() {
          // Load balancers must see it before connections are closed.
          server.setServing(false);
          if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
          await stops.stop();
          logger.info('stopped');
        },
      };
    },
  };
  return runtime;
}

async function readiness(
  db: Database,
  schema: string,
  directory: string,
  more: () => Promise<readonly string[]>,
): Promise<Readiness> {
  const reasons: string[] = [];
  try {
    const missing = await missingMigrations(db, { schema, directory });
    if (missing.length > 0) reasons.push(`The schema ${schema} lacks the migrations ${missing.join(', ')}.`);
  } catch (error) {
    reasons.push(`Postgres does not answer: ${error instanceof Error ? error.message : String(error)}`);
  }
  reasons.push(...(await more().catch((error: unknown) => [error instanceof Error ? error.message : String(error)])));
  return { ready: reasons.length === 0, reasons };
}
