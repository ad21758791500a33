import { describe, expect, it } from 'vitest';
import { parseRepository } from './repository.ts';

const OK = { code: 0, message: 'ok' };
const BACKUP = {
  label: '20301120-193838F_20301120-203838I',
  type: 'incr',
  reference: ['20301120-193838F'],
  annotation: { 'gatehouse-backup-id': 'abc', other: 'x' },
  archive: { start: '000000010000000000000002', stop: '000000010000000000000003' },
  database: { id: 1, 'repo-key': 2 },
  info: { size: 23213695, delta: 100, repository: { size: 3075935, delta: 10 } },
  lsn: { start: '0/2000028', stop: '0/2000100' },
  timestamp: { start: 100, stop: 103 },
  error: false,
};
const STANZA = {
  name: 'main',
  status: OK,
  repo: [{ key: 1, status: OK }],
  archive: [
    { database: { id: 1, 'repo-key': 1 }, max: '000000010000000000000009' },
    { database: { id: 1, 'repo-key': 2 }, max: '000000010000000000000004' },
    { database: { id: 2, 'repo-key': 2 }, max: '000000010000000000000008' },
  ],
  backup: [BACKUP],
};

describe('parseRepository', () => {
  it('reads the backups and the newest segment of a stanza', () => {
    expect(parseRepository(JSON.stringify([{ ...STANZA, name: 'other', backup: [] }, STANZA]), 'main')).toEqual({
      complaint: undefined,
      backups: [
        {
          label: BACKUP.label,
          type: 'incremental',
          references: ['20301120-193838F'],
          backupId: 'abc',
          repository: 2,
          sizeBytes: 23213695n,
          compressedSizeBytes: 3075935n,
          walStart: '000000010000000000000002',
          walStop: '000000010000000000000003',
          lsnStop: '0/2000100',
          durationSeconds: 3,
          hasDamagedPages: false,
          newestSegment: '000000010000000000000004',
        },
      ],
    });
  });

  it('reads a full backup that somebody else made, with only what every version tells', () => {
    const { annotation: _, lsn: __, error: ___, ...backup } = { ...BACKUP, type: 'full', reference: null };
    const stanza = { ...STANZA, archive: [], backup: [{ ...backup, info: { size: 5, repository: { delta: 3 } } }] };
    expect(parseRepository(JSON.stringify([stanza]), 'main').backups).toEqual([
      expect.objectContaining({
        type: 'full',
        references: [],
        backupId: undefined,
        compressedSizeBytes: 3n,
        hasDamagedPages: false,
        newestSegment: undefined,
      }),
    ]);
  });

  it('repeats what pgBackRest has against a repository', () => {
    const repo = [
      { key: 1, status: OK },
      { key: 2, status: { code: 99, message: 'other: unreachable' } },
    ];
    const stanza = { name: 'main', status: { code: 4, message: 'different across repos' }, repo };
    expect(parseRepository(JSON.stringify([stanza]), 'main').complaint).toBe('repo2: other: unreachable');
    expect(parseRepository('[]', 'main').complaint).toBe('There is no stanza main.');
  });

  it.each(['', 'no JSON', '{}', '[{"name":"main"}]'])('does not take %j for an answer', (answer) => {
    expect(() => parseRepository(answer, 'main')).toThrow(expect.objectContaining({ reason: 'PGBACKREST_FAILED' }));
  });
});
