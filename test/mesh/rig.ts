import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFlow, type StepReport } from '@gatehouse/cli/flow';
import { type Mesh, type MeshOptions, startMesh } from '@gatehouse/cli/mesh';
import { connectWorld, type World } from '@gatehouse/cli/world';
import { openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { type PostgresInstance, type RedisInstance, startPostgres, startRedis } from '@gatehouse/testing';

const ROOT = join(import.meta.dirname, '../..');

/** The whole mesh on stores of its own, each service in its own process. */
export interface MeshRig {
  readonly mesh: Mesh;
  readonly world: World;
  readonly postgres: PostgresInstance;
  readonly redis: RedisInstance;
  readonly root: string;
  readonly home: string;
  /** Runs the flow once; what came of each step. */
  flow(steps?: Parameters<typeof runFlow>[2]): Promise<StepReport[]>;
  /** Asks the database, as its superuser. */
  ask<Row extends object>(sql: string): Promise<Row[]>;
  stop(): Promise<void>;
}

export async function startMeshRig(
  options: { archive?: boolean; instances?: MeshOptions['instances']; env?: Readonly<Record<string, string>> } = {},
): Promise<MeshRig> {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-mesh-'));
  const [postgres, redis] = await Promise.all([startPostgres({ archive: options.archive ?? false }), startRedis()]);
  const backups = postgres.pgBackRest
    ? {
        GATEHOUSE_OPS_PGBACKREST_CONFIG: postgres.pgBackRest.configFile,
        GATEHOUSE_OPS_PGBACKREST_STANZA: postgres.pgBackRest.stanza,
        GATEHOUSE_OPS_SCRATCH_DIRECTORY: `${postgres.dataDirectory}.scratch`,
        ...(postgres.pgBackRest.user ? { GATEHOUSE_OPS_RUN_AS: postgres.pgBackRest.user.name } : {}),
      }
    : { GATEHOUSE_OPS_PGBACKREST_REASON: 'This test does not back up.' };
  const mesh = await startMesh({
    root: ROOT,
    home,
    postgresAdminUrl: postgres.adminUrl,
    redisUrl: redis.url,
    env: { GATEHOUSE_AUDIT_DECISIONS: 'all', ...backups, ...options.env },
    instances: options.instances ?? {},
  });
  const world = connectWorld(mesh);
  const db = openDatabase({
    url: postgres.adminUrl,
    applicationName: 'mesh-rig',
    maxConnections: 1,
    logger: silentLogger,
  });
  let asked = 0;
  return {
    mesh,
    world,
    postgres,
    redis,
    root: ROOT,
    home,
    flow: async (steps) => {
      const reports: StepReport[] = [];
      await runFlow(world, (report) => reports.push(report), steps);
      return reports;
    },
    ask: <Row extends object>(sql: string) => db.query(statement<Row>(`rig.ask-${asked++}`, sql)),
    async stop() {
      world.close();
      await mesh.stop();
      await db.close();
      await Promise.all([postgres.stop(), redis.stop()]);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
