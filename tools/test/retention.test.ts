import { describe, expect, it } from 'vitest';
import type { MigratedSchemas } from '../src/migrated-schemas.ts';
import { toLine } from '../src/problem.ts';
import { checkRetention } from '../src/retention.ts';
import { plantTree, type Tree } from './planted-tree.ts';

const withTable = (name: string, comment: string | null): MigratedSchemas => {
  const table = { name, comment, columns: [], uniqueKeys: [], foreignKeys: [], triggers: [], rules: [] };
  return { schemas: [{ service: 'planted', tables: [table], dump: '' }], failures: [] };
};

const problemsOf = async (name: string, comment: string | null, files: Tree = {}) =>
  (await checkRetention(await plantTree(files), withTable(name, comment))).map(toLine);

describe('checkRetention', () => {
  it('finds nothing where every table says how long its rows live', async () => {
    const job = { 'services/planted/src/jobs/sweep-sessions.ts': '' };
    expect(await problemsOf('users', 'distributed by id; rows live for ever')).toEqual([]);
    expect(await problemsOf('sessions', 'local; rows leave by sweep-sessions after 30 days', job)).toEqual([]);
    expect(await problemsOf('outbox', 'local; rows leave by outbox-relay after delivery')).toEqual([]);
    expect(await problemsOf('schema_migrations', null)).toEqual([]);
  });

  it.each([null, '', 'reference', 'reference; rows live', 'reference; rows leave by sweep', 'rows live for ever'])(
    'refuses a table whose comment is %j',
    async (comment) => {
      expect(await problemsOf('users', comment)).toEqual([
        expect.stringContaining('planted.users has no comment that goes on with "rows live <how long>"'),
      ]);
    },
  );

  it('refuses a job that is not there', async () => {
    expect(await problemsOf('users', 'local; rows leave by sweep-users after 3 days')).toEqual([
      expect.stringContaining('names the job sweep-users, and there is no services/planted/src/jobs/sweep-users.ts'),
    ]);
  });

  it('refuses that another table leaves by what runs beside every service', async () => {
    expect(await problemsOf('users', 'local; rows leave by outbox-relay after delivery')).toEqual([
      expect.stringContaining('names outbox-relay, which empties only outbox'),
    ]);
  });

  it('passes on what kept a service from being migrated', async () => {
    const failures = [{ file: 'services/planted/migrations', message: 'syntax error' }];
    expect(await checkRetention(await plantTree({}), { schemas: [], failures })).toEqual(failures);
  });
});
