import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PostgresInstance, startPostgres, startStopwatch, waitFor } from '../src/index.ts';
import { processesWith } from '../src/process-tree.ts';
import { query } from './query.ts';

/** Stopping takes ten seconds at most before it becomes immediate, and then a little; a hanging one takes a minute. */
const SLOWEST_STOP_MS = 40_000;

describeWith('pgbackrest', 'a Postgres whose WAL is archived', () => {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-backup-'));
  let postgres: PostgresInstance;
  beforeAll(async () => {
    chmodSync(home, 0o755);
    postgres = await startPostgres({ archive: true });
  });
  afterAll(async () => {
    await postgres.stop();
    rmSync(home, { recursive: true });
  });

  it('can be restored from a backup and the WAL after it', async () => {
    const { pgBackRest } = postgres;
    if (pgBackRest === undefined) throw new Error('There is no archive.');
    await query(postgres.adminUrl, 'create table kept as select 1 as id');
    await pgBackRest.run(['backup', '--type=full']);
    await query(postgres.adminUrl, 'insert into kept values (2)');
    const [switched] = await query<{ file: string }>(
      postgres.adminUrl,
      'select pg_walfile_name(pg_switch_wal()) as file',
    );
    await waitFor(
      async () => {
        const [{ archived } = { archived: null }] = await query<{ archived: string | null }>(
          postgres.adminUrl,
          'select last_archived_wal as archived from pg_stat_archiver',
        );
        return archived !== null && archived >= (switched?.file ?? '');
      },
      { everyMs: 200 },
    );

    const scratch = join(home, 'scratch');
    mkdirSync(scratch, { mode: 0o700 });
    if (pgBackRest.user) chownSync(scratch, pgBackRest.user.uid, pgBackRest.user.gid);
    await pgBackRest.run(['restore', `--pg1-path=${scratch}`, '--archive-mode=off']);
    // The roles, and so the password, are those of the original.
    copyFileSync(`${postgres.dataDirectory}.password`, `${scratch}.password`);
    await using restored = await startPostgres({ dataDirectory: scratch });
    expect(await query(restored.adminUrl, 'select id from kept order by id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('stops in time, with nothing left running, while its repository is away', async () => {
    const other = await startPostgres({ archive: true });
    const { pgBackRest } = other;
    if (pgBackRest === undefined) throw new Error('There is no archive.');
    renameSync(pgBackRest.repositoryDirectory, `${pgBackRest.repositoryDirectory}.away`);
    await query(other.adminUrl, 'create table lost as select 1 as id');
    await query(other.adminUrl, 'select pg_switch_wal()::text as lsn');
    const watch = startStopwatch();
    await other.stop();
    expect(watch.stop()).toBeLessThan(SLOWEST_STOP_MS);
    expect(processesWith(pgBackRest.configFile)).toEqual([]);
    expect(existsSync(pgBackRest.configFile)).toBe(false);
  });
});
