import { randomUUID } from 'node:crypto';
import { type Database, openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import {
  type Backup,
  BackupType,
  OpsServiceService,
  type RestoreDrill,
  RunStatus,
} from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import type { Client, ClientCallContext } from '@gatehouse/rpc';
import {
  outboxEvents,
  type PostgresInstance,
  privateDatabase,
  startPostgres,
  startTestService,
  type TestDatabase,
  type TestService,
  type TestServiceOptions,
  waitFor,
} from '@gatehouse/testing';
import * as main from '../src/main.ts';

/** pgBackRest and a restored Postgres take seconds, and more on a machine that is busy. */
export const RUN_TIMEOUT_MS = 90_000;
/** So that what is left to the sweep does not keep a test waiting. */
const SWEEP_INTERVAL_MS = 200;

export const {
  BACKUP_TYPE_FULL: FULL,
  BACKUP_TYPE_DIFFERENTIAL: DIFFERENTIAL,
  BACKUP_TYPE_INCREMENTAL: INCREMENTAL,
} = BackupType;
export const {
  RUN_STATUS_PENDING: PENDING,
  RUN_STATUS_RUNNING: RUNNING,
  RUN_STATUS_COMPLETED: COMPLETED,
  RUN_STATUS_FAILED: FAILED,
} = RunStatus;

export type OpsConfig = ReturnType<typeof main.readConfig>;

export interface Rig {
  readonly service: TestService;
  readonly operator: Client<typeof OpsServiceService>;
  /** Asks for a backup; a full one unless it says otherwise. */
  startBackup(type?: BackupType, context?: ClientCallContext): Promise<Backup>;
  startDrill(backupId: string, witnessUserIds?: string[], context?: ClientCallContext): Promise<RestoreDrill>;
  getBackup(backupId: string): Promise<Backup>;
  /** The backup once it has ended, either way. */
  endedBackup(backupId: string): Promise<Backup>;
  endedDrill(restoreDrillId: string): Promise<RestoreDrill>;
  /** Rows of one statement, as the superuser. */
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The value of the metric's sample with these labels, written `name="value"`; undefined when there is none. */
  metric(name: string, ...labels: string[]): Promise<number | undefined>;
  /** The audit events of one request. */
  eventsOf(requestId: string): ReturnType<typeof outboxEvents>;
  stop(): Promise<void>;
}

/** The ops service on stores of its own. */
export async function startRig(options: Partial<TestServiceOptions<OpsConfig>> = {}): Promise<Rig> {
  const env = { GATEHOUSE_OPS_SWEEP_INTERVAL_MS: String(SWEEP_INTERVAL_MS), ...options.env };
  return rigOver(await startTestService({ name: 'ops', main, ...options, env }));
}

/** What tests ask of an ops service, whoever started it. */
export function rigOver(service: TestService): Rig {
  const operator = service.connectAs('operator/test', OpsServiceService);
  const admin = openAs(service.database.adminUrl);
  const getBackup = async (backupId: string) => present((await operator.getBackup({ backupId })).backup);
  const getDrill = async (restoreDrillId: string) =>
    present((await operator.getRestoreDrill({ restoreDrillId })).restoreDrill);
  const ended = <T extends { status: RunStatus }>(get: () => Promise<T>) =>
    waitFor(
      async () => {
        const run = await get();
        return run.status === COMPLETED || run.status === FAILED ? run : undefined;
      },
      { everyMs: 50 },
    );
  return {
    service,
    operator,
    startBackup: async (type = FULL, context = {}) => present((await operator.startBackup({ type }, context)).backup),
    startDrill: async (backupId, witnessUserIds = [], context = {}) =>
      present((await operator.startRestoreDrill({ backupId, witnessUserIds }, context)).restoreDrill),
    getBackup,
    endedBackup: (backupId) => ended(() => getBackup(backupId)),
    endedDrill: (restoreDrillId) => ended(() => getDrill(restoreDrillId)),
    rows: (text, values) => rowsOf(admin, text, values),
    async metric(name, ...labels) {
      const lines = (
        await (await fetch(`${service.adminUrl}/metrics`, { headers: { connection: 'close' } })).text()
      ).split('\n');
      const line = lines.find((each) => each.startsWith(`${name}{`) && labels.every((label) => each.includes(label)));
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
    },
    eventsOf: async (requestId) => (await outboxEvents(service)).filter((event) => event.requestId === requestId),
    async stop() {
      await admin.close();
      await service.stop();
    },
  };
}

export function openAs(url: string): Database {
  return openDatabase({ url, applicationName: 'ops-test', maxConnections: 2, logger: silentLogger });
}

const names = new Map<string, string>();

/** Runs a statement under a name of its own, as the package asks for. */
export async function rowsOf<Row extends object>(
  db: Pick<Database, 'query'>,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const name = names.get(text) ?? `ops-test.statement-${names.size + 1}`;
  names.set(text, name);
  return await db.query(statement<Row>(name, text), values);
}

/** Stores a backup as if it had been asked for; returns its id. */
export async function storeBackup(rig: Pick<Rig, 'rows'>, status: string, label?: string): Promise<string> {
  const id = randomUUID();
  const ended = status === 'completed' || status === 'failed';
  await rig.rows(
    `insert into ops.backup_execution_log (id, backup_config_id, started_at, completed_at, status, execution_date,
       backup_type, label, requested_by, requester)
     select $1::uuid, id, now(), case when $2::boolean then now() end, $3::varchar, current_date, 'full', $4::varchar,
       'peer:operator/test', $5::jsonb from ops.backup_configurations`,
    [id, ended, status, label ?? null, JSON.stringify(REQUESTER)],
  );
  return id;
}

/** Stores a drill as if it had been asked for; returns its id. */
export async function storeDrill(rig: Pick<Rig, 'rows'>, backupId: string, status: string): Promise<string> {
  const id = randomUUID();
  const ended = status === 'completed' || status === 'failed';
  await rig.rows(
    `insert into ops.restore_drills (id, backup_execution_id, status, started_at, completed_at, witness_user_ids,
       requested_by, requester)
     values ($1::uuid, $2::uuid, $3::varchar, now(), case when $4::boolean then now() end, '{}', 'peer:operator/test',
       $5::jsonb)`,
    [id, backupId, status, ended, JSON.stringify(REQUESTER)],
  );
  return id;
}

export const REQUESTER = {
  peer: { name: 'operator/test', address: '127.0.0.1' },
  requestId: '0190a0a0-0000-7000-8000-00000000000a',
  trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false },
};

/** A Postgres that a test may stop, with the service's schema in it. */
export async function ownPostgres(): Promise<{ postgres: PostgresInstance; database: TestDatabase }> {
  const postgres = await startPostgres();
  return { postgres, database: await privateDatabase('ops', postgres) };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The answer was empty.');
  return value;
}
