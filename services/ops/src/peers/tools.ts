import { launchAs } from './launch.ts';
import { openPgBackRest, type PgBackRest } from './pgbackrest.ts';
import { openRestores, type Restores } from './restores.ts';

/** The programs that make backups and prove them. */
export type Tools =
  | { readonly pgBackRest: PgBackRest; readonly restores: Restores }
  /** Why there are none. */
  | { readonly why: string };

export interface ToolsOptions {
  /** pgBackRest's configuration file; undefined: there are no backups here. */
  readonly configFile: string | undefined;
  /** Why not, as whoever starts the mesh puts it. */
  readonly reason: string | undefined;
  readonly stanza: string;
  readonly file: string;
  /** Name of the account that owns the cluster; undefined for that of this process. */
  readonly runAs: string | undefined;
  readonly path: string;
  readonly scratchRoot: string | undefined;
  readonly postgresFolder: string | undefined;
  /** The database that holds the schemas of Gatehouse. */
  readonly database: string;
  readonly backupTimeoutMs: number;
  readonly restoreTimeoutMs: number;
}

export function openTools(options: ToolsOptions): Tools {
  const { configFile, reason = 'GATEHOUSE_OPS_PGBACKREST_CONFIG is not set.' } = options;
  if (configFile === undefined) return { why: reason };
  const launch = launchAs(options.runAs, options.path);
  if ('why' in launch) return launch;
  const pgBackRest = openPgBackRest({
    launch,
    file: options.file,
    configFile,
    stanza: options.stanza,
    backupTimeoutMs: options.backupTimeoutMs,
    restoreTimeoutMs: options.restoreTimeoutMs,
  });
  const restores = openRestores({
    pgBackRest,
    root: options.scratchRoot,
    postgresFolder: options.postgresFolder,
    database: options.database,
    replayTimeoutMs: options.restoreTimeoutMs,
  });
  return { pgBackRest, restores };
}

/** Why backups can't be made here; undefined when they can. */
export async function whyNoBackups(tools: Tools): Promise<string | undefined> {
  return 'why' in tools ? tools.why : await tools.pgBackRest.whyNot();
}

/** Why backups can't be restored here; undefined when they can. */
export async function whyNoRestores(tools: Tools): Promise<string | undefined> {
  return 'why' in tools ? tools.why : await tools.restores.whyNot();
}
