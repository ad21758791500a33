import { measureFigures } from './figures.ts';
import type { TlsFiles } from './load/target.ts';
import { measure, type Rig } from './measure.ts';
import { compareWithCerbos } from './peers/compare-with-cerbos.ts';
import { AUTHZ_RECORDED_ROWS, AUTHZ_ROWS, type PlannedRow, SESSION_ROWS } from './plans.ts';
import type { Results, Row } from './row.ts';
import type { Placement, StartedServer } from './start-server.ts';
import { startService } from './start-service.ts';
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
  /** Only rows and groups of figures whose name holds this. */
  readonly only: string;
  /** Whether other products are measured beside ours. */
  readonly withPeers: boolean;
  /** Sessions for the figures about many sessions. */
  readonly population: number;
  /** Users for the figure about many users. */
  readonly users: number;
  readonly say: (line: string) => void;
}

const SESSIONS = 10_000;
const USERS = 1_000;

/** Makes a model and users by way of an instance, when it is first asked, and answers what is known of them. */
export type PrepareChecks = (server: StartedServer) => Promise<readonly KnownCheck[]>;

/** Measures all rows, one service at a time. */
export async function runStages(stage: Stage): Promise<Results> {
  const sessions = await runStage(stage, 'session', 'denied', SESSION_ROWS, (server) => {
    stage.say(`creating ${SESSIONS} sessions`);
    return createSessions(server.port('operator'), SESSIONS, stage.signal);
  });
  let known: Promise<readonly KnownCheck[]> | undefined;
  const prepare: PrepareChecks = (server) => {
    if (!known) stage.say(`granting roles to ${USERS} users`);
    known ??= permissionChecks(server.port('operator'), USERS, stage.signal);
    return known;
  };
  const checks = await runStage(stage, 'authz', 'none', AUTHZ_ROWS, prepare);
  const recorded = await runStage(stage, 'authz', 'denied', AUTHZ_RECORDED_ROWS, prepare);
  const peers = stage.withPeers ? await compareWithCerbos(stage, prepare) : { rows: [], figures: [] };
  const figures = await measureFigures(stage, prepare);
  return { rows: [...sessions, ...checks, ...recorded, ...peers.rows], figures: [...peers.figures, ...figures] };
}

async function runStage<Prepared extends readonly (KnownSession | KnownCheck)[]>(
  stage: Stage,
  service: MeasuredService,
  recorded: 'none' | 'denied',
  rows: readonly PlannedRow<Prepared>[],
  prepare: (server: StartedServer) => Promise<Prepared>,
): Promise<Row[]> {
  const { say, only, stores } = stage;
  const wanted = rows.filter(({ name }) => name.includes(only));
  if (wanted.length === 0) return [];
  say(`starting ${service}`);
  await using server = await startService(stage, service, recorded);
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
