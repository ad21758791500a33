import { randomBytes } from 'node:crypto';
import { clientChecks } from './figures/client-checks.ts';
import { clientLocal } from './figures/client-local.ts';
import { manySessions } from './figures/many-sessions.ts';
import { revokeToRefuse } from './figures/revoke-to-refuse.ts';
import type { TlsFiles } from './load/target.ts';
import { measure, type Rig } from './measure.ts';
import { AUTHZ_RECORDED_ROWS, AUTHZ_ROWS, type PlannedRow, SESSION_ROWS } from './plans.ts';
import type { Figure, Results, Row } from './row.ts';
import { type Placement, type StartedServer, startServer } from './start-server.ts';
import type { MeasuredService, Stores } from './stores.ts';
import type { KnownCheck } from './work/checks.ts';
import { permissionChecks } from './work/permissions.ts';
import { createSessions, type KnownSession } from './work/sessions.ts';

/** Everything that a stage stands on. */
export interface Stage extends Rig {
  readonly placement: Placement;
  readonly stores: Stores;
  /** Certificates of the services. */
  readonly serviceFiles: Readonly<Record<MeasuredService, TlsFiles>>;
  readonly auditAddress: string;
  readonly trustDomain: string;
  /** Only rows whose name holds this; figures are measured only when it is empty, or `figures`. */
  readonly only: string;
  /** Sessions for the figures about many sessions. */
  readonly population: number;
  readonly say: (line: string) => void;
}

const SESSIONS = 10_000;
const USERS = 1_000;
/** Nobody is there: nothing that is measured asks another service. */
const NOWHERE = '127.0.0.1:9';

/** Measures all rows, one service at a time. */
export async function runStages(stage: Stage): Promise<Results> {
  const sessions = await runStage(stage, 'session', 'denied', SESSION_ROWS, (server) => {
    stage.say(`creating ${SESSIONS} sessions`);
    return createSessions(server.port('operator'), SESSIONS, stage.signal);
  });
  let known: Promise<readonly KnownCheck[]> | undefined;
  const prepare = (server: StartedServer) => {
    if (!known) stage.say(`granting roles to ${USERS} users`);
    known ??= permissionChecks(server.port('operator'), USERS, stage.signal);
    return known;
  };
  const checks = await runStage(stage, 'authz', 'none', AUTHZ_ROWS, prepare);
  const recorded = await runStage(stage, 'authz', 'denied', AUTHZ_RECORDED_ROWS, prepare);
  return { rows: [...sessions, ...checks, ...recorded], figures: await measureFigures(stage, prepare) };
}

const FIGURES = 'figures';

async function measureFigures(
  stage: Stage,
  prepareChecks: (authz: StartedServer) => Promise<readonly KnownCheck[]>,
): Promise<Figure[]> {
  const { say, only, placement, signal } = stage;
  if (only !== '' && only !== FIGURES) return [];
  say('starting two instances of session');
  const start = () => startServer({ name: 'session', env: environment(stage, 'session', 'none'), placement, signal });
  await using a = await start();
  await using b = await start();
  say('measuring how soon a revoked session is refused elsewhere');
  const revocation = await revokeToRefuse(stage, a, b);
  say('measuring the client');
  const client = await clientLocal(stage, a);
  say('measuring many sessions');
  const many = await manySessions(stage, a);
  say('starting authz, and measuring the client');
  await using authz = await startServer({ name: 'authz', env: environment(stage, 'authz', 'none'), placement, signal });
  return [...revocation, ...client, ...many, ...(await clientChecks(stage, authz, await prepareChecks(authz)))];
}

async function runStage<Prepared extends readonly (KnownSession | KnownCheck)[]>(
  stage: Stage,
  service: MeasuredService,
  recorded: 'none' | 'denied',
  rows: readonly PlannedRow<Prepared>[],
  prepare: (server: StartedServer) => Promise<Prepared>,
): Promise<Row[]> {
  const { say, only, placement, signal, stores } = stage;
  const wanted = rows.filter(({ name }) => name.includes(only));
  if (wanted.length === 0) return [];
  say(`starting ${service}`);
  await using server = await startServer({
    name: service,
    env: environment(stage, service, recorded),
    placement,
    signal,
  });
  const prepared = await prepare(server);
  await stores.settled(service);
  const measured: Row[] = [];
  for (const { questions, ...plan } of wanted) {
    say(`measuring ${plan.name}`);
    const row = await measure({ ...plan, questions: questions(prepared) }, server, stage);
    if (row) measured.push(row);
    else say(`left out ${plan.name}: h2load is not on the PATH (Debian: nghttp2-client)`);
  }
  return measured;
}

/** What the service finds in its environment: what it must be told, and its own defaults for the rest. */
function environment(
  { stores, serviceFiles, auditAddress, trustDomain }: Stage,
  service: MeasuredService,
  recorded: 'none' | 'denied',
): Record<string, string> {
  const { ca, cert, key } = serviceFiles[service];
  const prefix = `GATEHOUSE_${service.toUpperCase()}`;
  return {
    GATEHOUSE_LISTEN: '127.0.0.1:0',
    GATEHOUSE_ADMIN_LISTEN: '127.0.0.1:0',
    GATEHOUSE_TLS_CA: ca,
    GATEHOUSE_TLS_CERT: cert,
    GATEHOUSE_TLS_KEY: key,
    GATEHOUSE_TRUST_DOMAIN: trustDomain,
    GATEHOUSE_SESSION_ADDRESS: NOWHERE,
    GATEHOUSE_AUTHZ_ADDRESS: NOWHERE,
    GATEHOUSE_AUDIT_ADDRESS: auditAddress,
    GATEHOUSE_AUDIT_DECISIONS: recorded,
    ...(service === 'session' ? { GATEHOUSE_SESSION_SECRET_KEYS: `1:${randomBytes(32).toString('base64url')}` } : {}),
    [`${prefix}_POSTGRES_URL`]: stores.postgresUrl(service),
    [`${prefix}_REDIS_URL`]: stores.redisUrl,
  };
}
