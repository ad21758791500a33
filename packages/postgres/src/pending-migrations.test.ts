import { describe, expect, it } from 'vitest';
import type { Migration } from './migration-files.ts';
import { pendingMigrations } from './pending-migrations.ts';

const file = (name: string, checksum = name): Migration => ({ name, text: '', checksum, isTransactional: true });
const applied = (name: string, checksum = name) => ({ name, checksum });
const names = (migrations: readonly Migration[]) => migrations.map(({ name }) => name);

describe('pendingMigrations', () => {
  it('are all of them in a new schema', () => {
    expect(names(pendingMigrations([file('0001_a.sql'), file('0002_b.sql')], []))).toEqual([
      '0001_a.sql',
      '0002_b.sql',
    ]);
  });

  it('are those after the last one applied, gaps in the numbers or not', () => {
    const pending = pendingMigrations([file('0001_a.sql'), file('0005_b.sql')], [applied('0001_a.sql')]);
    expect(names(pending)).toEqual(['0005_b.sql']);
  });

  it('are none for old code on a schema that a newer version migrated', () => {
    const rows = [applied('0001_a.sql'), applied('0002_b.sql'), applied('0004_d.sql')];
    expect(pendingMigrations([file('0001_a.sql'), file('0004_d.sql')], rows)).toEqual([]);
    expect(pendingMigrations([file('0001_a.sql')], rows)).toEqual([]);
  });

  it('refuses a file that was changed after it was applied, by name', () => {
    expect(() => pendingMigrations([file('0001_a.sql', 'x')], [applied('0001_a.sql', 'y')])).toThrow(
      expect.objectContaining({ reason: 'MIGRATION_CHANGED', message: expect.stringContaining('0001_a.sql') }),
    );
  });

  it.each([
    ['a file before one that is applied', '0002_b.sql', '0003_c.sql'],
    ['a file with the number of one that is applied', '0002_b.sql', '0002_other.sql'],
  ])('refuses %s', (_, unapplied, later) => {
    expect(() =>
      pendingMigrations([file('0001_a.sql'), file(unapplied)], [applied('0001_a.sql'), applied(later)]),
    ).toThrow(
      expect.objectContaining({ reason: 'MIGRATION_OUT_OF_ORDER', message: expect.stringContaining(unapplied) }),
    );
  });
});
