import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataHome, dataHomeElsewhere, freePort, type PostgresInstance, startPostgres, waitFor } from '../src/index.ts';
import { query } from './query.ts';

describe('a temporary Postgres', () => {
  let postgres: PostgresInstance;
  beforeAll(async () => {
    postgres = await startPostgres({ settings: { work_mem: '7MB' } });
    await query(postgres.adminUrl, 'create table kept (id integer primary key)');
  });
  afterAll(() => postgres.stop());

  it('runs beside another one that shares nothing with it', async () => {
    await using other = await startPostgres();
    expect(other.port).not.toBe(postgres.port);
    expect(await query(other.adminUrl, `select to_regclass('kept')::text as found`)).toEqual([{ found: null }]);
  });

  it('takes the settings it is given, has checksums and speaks UTF-8 and UTC', async () => {
    const settings = await query(
      postgres.adminUrl,
      `select name, setting from pg_settings
       where name in ('work_mem', 'data_checksums', 'server_encoding', 'TimeZone', 'max_connections', 'fsync')
       order by name collate "C"`,
    );
    expect(settings).toEqual([
      { name: 'TimeZone', setting: 'UTC' },
      { name: 'data_checksums', setting: 'on' },
      { name: 'fsync', setting: 'off' },
      { name: 'max_connections', setting: '200' },
      { name: 'server_encoding', setting: 'UTF8' },
      { name: 'work_mem', setting: '7168' },
    ]);
  });

  it('refuses a wrong password', async () => {
    const wrong = new URL(postgres.adminUrl);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow();
  });

  it.runIf(process.getuid?.() === 0)('does not run as root', () => {
    const [pid] = readFileSync(join(postgres.dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
    expect(statSync(`/proc/${pid}`).uid).not.toBe(0);
  });

  it('has what was committed before it was killed', async () => {
    await query(postgres.adminUrl, 'insert into kept values (1)');
    await postgres.kill();
    expect(postgres.running).toBe(false);
    await expect(query(postgres.adminUrl, 'select id from kept')).rejects.toThrow();
    await postgres.restart();
    expect(postgres.running).toBe(true);
    expect(await query(postgres.adminUrl, 'select id from kept')).toEqual([{ id: 1 }]);
  });

  it('can be restarted while it runs', async () => {
    await query(postgres.adminUrl, 'create table before_restart (id integer)');
    await postgres.restart();
    expect(await query(postgres.adminUrl, 'select id from before_restart')).toEqual([]);
  });

  it('answers nobody while it is paused', async () => {
    await postgres.pause();
    let answered = false;
    const answer = query(postgres.adminUrl, 'select 1 as one').then(
      () => {
        answered = true;
      },
      () => {},
    );
    await answer;
    expect(answered).toBe(false);
    await postgres.resume();
    expect(await query(postgres.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('goes without a trace, even while it is paused', async () => {
    const other = await startPostgres();
    const [pid] = readFileSync(join(other.dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
    await other.pause();
    await other.stop();
    expect(existsSync(dirname(other.dataDirectory))).toBe(false);
    expect(await waitFor(() => !existsSync(`/proc/${pid}`))).toBe(true);
    await expect(other.restart()).rejects.toThrow('stopped for good');
  });
});

describe('a Postgres that keeps its data', () => {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-kept-'));
  const dataDirectory = join(home, 'postgres');
  // A folder of mode 0700, so that the account of the server can't reach it when this process is root.
  afterAll(() => {
    for (const folder of [home, dataHomeElsewhere(home)]) rmSync(folder, { recursive: true, force: true });
  });

  it('has its data and its password after a stop and a start', async () => {
    let adminUrl: string;
    let port: number;
    {
      await using first = await startPostgres({ dataDirectory, durable: true });
      ({ adminUrl, port } = first);
      await query(adminUrl, 'create table kept as select 42 as answer');
    }
    await using second = await startPostgres({ dataDirectory, port });
    expect(second.adminUrl).toBe(adminUrl);
    expect(await query(adminUrl, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(second.dataDirectory).toBe(join(dataHome(home), 'postgres'));
    expect(statSync(`${second.dataDirectory}.password`).mode & 0o777).toBe(0o600);
  });

  it('says which version made data that nothing here can read', async () => {
    const old = join(dataHome(home), 'old');
    mkdirSync(old);
    writeFileSync(join(old, 'PG_VERSION'), '9\n');
    await expect(startPostgres({ dataDirectory: old })).rejects.toThrow('made by PostgreSQL 9, which is not installed');
  });

  it('takes the next free port when the wanted one is in use', async () => {
    const wanted = await freePort();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(wanted, '127.0.0.1', resolve));
    try {
      await using postgres = await startPostgres({ port: wanted });
      expect(postgres.port).toBeGreaterThan(wanted);
    } finally {
      holder.close();
    }
  });

  it('says what Postgres had against its settings', async () => {
    await expect(startPostgres({ settings: { work_mem: 'plenty' } })).rejects.toThrow(/work_mem/);
  });
});
