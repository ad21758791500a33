import { describe, expect, it, vi } from 'vitest';
import { missingMigrations, type Queryable } from '../src/index.ts';
import { openScratch } from './scratch-database.ts';
import { useMigrations } from './use-migrations.ts';

const demo = useMigrations();

describe('missingMigrations', () => {
  it('names what is missing, also before anything was made, and nothing afterwards', async () => {
    const db = openScratch(demo.url);
    const o = { schema: 'demo', directory: demo.folder.directory };
    expect(await missingMigrations(db, o)).toEqual(['0001_create_a.sql', '0002_create_b.sql']);
    await demo.run();
    await demo.folder.write('0003_create_c.sql', 'create table demo.c (id integer);');
    expect(await missingMigrations(db, o)).toEqual(['0003_create_c.sql']);
    await demo.run();
    expect(await missingMigrations(db, o)).toEqual([]);
    await db.close();
  });

  it('does not ask again once nothing was missing', async () => {
    const db = openScratch(demo.url);
    const query = vi.fn<Queryable['query']>((wanted, values) => db.query(wanted, values)) as Queryable['query'];
    const watched: Queryable = { query };
    const o = { schema: 'demo', directory: demo.folder.directory };
    await missingMigrations(watched, o);
    await demo.run();
    await missingMigrations(watched, o);
    await missingMigrations(watched, o);
    await missingMigrations(watched, o);
    expect(query).toHaveBeenCalledTimes(2);
    await db.close();
  });

  it('is unavailable, not complete, when Postgres does not answer', async () => {
    const db = openScratch('postgres://user@127.0.0.1:1/nothing');
    await expect(missingMigrations(db, { schema: 'demo', directory: demo.folder.directory })).rejects.toMatchObject({
      kind: 'unavailable',
    });
    await db.close();
  });
});
