import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkGolden, writeGolden } from '../src/golden.ts';
import { readMigratedSchemas } from '../src/migrated-schemas.ts';
import { plantTree } from './planted-tree.ts';

const GOLDEN = 'services/planted/schema.sql';
const MIGRATED = {
  'services/planted/migrations/0001_create_users.sql': 'create table planted.users (id uuid primary key);',
  'services/planted/grants.sql': '',
};

describe('checkGolden', () => {
  it('misses a schema.sql, accepts the one that is written, and refuses it once a migration is added', async () => {
    const root = await plantTree(MIGRATED);
    expect(await checkGolden(root)).toEqual([{ file: GOLDEN, message: expect.stringContaining('is missing') }]);

    expect(await writeGolden(root)).toEqual([GOLDEN]);
    expect(await checkGolden(root)).toEqual([]);
    expect(await writeGolden(root)).toEqual([]);

    await plantTree(
      { 'services/planted/migrations/0002_add_name.sql': 'alter table planted.users add column nickname text;' },
      root,
    );
    const problems = await checkGolden(root);
    expect(problems).toEqual([{ file: GOLDEN, line: expect.any(Number), message: expect.any(String) }]);
    expect(problems[0]?.message).toMatch(/is not what the migrations make;[\s\S]*\n {2}\+ .*nickname/);
  });

  it('shows the first line that differs, with what stands before it', async () => {
    const root = await plantTree({ [GOLDEN]: 'a\nb\nc\nd\ne\nf\ng\nh\n' });
    const schemas = [{ service: 'planted', tables: [], dump: 'a\nb\nc\nd\ne\nX\ng\nh\n' }];
    const [problem] = await checkGolden(root, { schemas, failures: [] });
    expect(problem?.line).toBe(6);
    expect(problem?.message.split('\n').slice(1)).toEqual([
      '    c',
      '    d',
      '    e',
      '  - f',
      '  - g',
      '  - h',
      '  + X',
      '  + g',
      '  + h',
    ]);
  });

  it('sees that a line is missing at the end', async () => {
    const root = await plantTree({ [GOLDEN]: 'a\n' });
    const schemas = [{ service: 'planted', tables: [], dump: 'a\nb\n' }];
    const [problem] = await checkGolden(root, { schemas, failures: [] });
    expect(problem).toMatchObject({ file: GOLDEN, line: 2, message: expect.stringContaining('  + b') });
  });

  it('writes nothing when a service cannot be migrated', async () => {
    const root = await plantTree({ ...MIGRATED, 'services/planted/migrations/0002_add_name.sql': 'nonsense' });
    const migrated = await readMigratedSchemas(root);
    expect(await checkGolden(root, migrated)).toEqual([
      { file: 'services/planted/migrations', message: expect.stringContaining('nonsense') },
    ]);
    await expect(writeGolden(root, migrated)).rejects.toThrow('nonsense');
    await expect(readFile(join(root, GOLDEN))).rejects.toThrow('ENOENT');
  });
});
