import { Failure } from '@gatehouse/failure';
import { z } from 'zod';
import type { BackupSet, BackupType } from '../domain/backup.ts';

/** What pgBackRest's repositories hold for one stanza. */
export interface Repository {
  readonly backups: readonly BackupSet[];
  /** What is wrong with a repository or the stanza, in pgBackRest's words; undefined when nothing is. */
  readonly complaint: string | undefined;
}

/** Key of the annotation that leads from a backup in the repository to the row it was made for. */
export const BACKUP_ID_ANNOTATION = 'gatehouse-backup-id';

const TYPES: Readonly<Record<string, BackupType>> = { full: 'full', diff: 'differential', incr: 'incremental' };

const status = z.object({ code: z.number(), message: z.string() });
const bytes = z.number().transform(BigInt);
/** A cluster that was made anew has another id, and an archive of its own. */
const database = z.object({ id: z.number(), 'repo-key': z.number() });
const archive = z.object({ database, max: z.string().nullish() });
const backup = z.object({
  label: z.string(),
  type: z.enum(['full', 'diff', 'incr']),
  reference: z.array(z.string()).nullish(),
  annotation: z.record(z.string(), z.string()).optional(),
  archive: z.object({ start: z.string(), stop: z.string() }),
  database,
  error: z.boolean().nullish(),
  info: z.object({ size: bytes, repository: z.object({ size: bytes.optional(), delta: bytes }) }),
  lsn: z.object({ stop: z.string() }).optional(),
  timestamp: z.object({ start: z.number(), stop: z.number() }),
});
const stanzas = z.array(
  z.object({
    name: z.string(),
    status,
    archive: z.array(archive).default([]),
    backup: z.array(backup).default([]),
    repo: z.array(z.object({ key: z.number(), status })).default([]),
  }),
);

/** Reads what `pgbackrest info --output=json` says of a stanza. Throws Failure `precondition` PGBACKREST_FAILED. */
export function parseRepository(json: string, stanza: string): Repository {
  const found = readStanzas(json).find(({ name }) => name === stanza);
  if (!found) return { backups: [], complaint: `There is no stanza ${stanza}.` };
  const complaints = found.repo.filter(({ status: { code } }) => code !== 0);
  return {
    backups: found.backup.map((each) => toBackupSet(each, found.archive)),
    complaint: complaints.map(({ key, status: { message } }) => `repo${key}: ${message}`).join('; ') || undefined,
  };
}

function readStanzas(json: string): z.output<typeof stanzas> {
  try {
    return stanzas.parse(JSON.parse(json));
  } catch (error) {
    throw new Failure('precondition', 'PGBACKREST_FAILED', 'pgBackRest answered something that is not understood.', {
      cause: error,
    });
  }
}

function toBackupSet(found: z.output<typeof backup>, archives: readonly z.output<typeof archive>[]): BackupSet {
  const { info, timestamp, database } = found;
  const own = archives.filter((each) => each.database.id === database.id);
  const segments = own.filter((each) => each.database['repo-key'] === database['repo-key']).map(({ max }) => max);
  return {
    label: found.label,
    type: TYPES[found.type] ?? 'full',
    references: found.reference ?? [],
    backupId: found.annotation?.[BACKUP_ID_ANNOTATION],
    repository: database['repo-key'],
    sizeBytes: info.size,
    compressedSizeBytes: info.repository.size ?? info.repository.delta,
    walStart: found.archive.start,
    walStop: found.archive.stop,
    lsnStop: found.lsn?.stop,
    durationSeconds: timestamp.stop - timestamp.start,
    hasDamagedPages: found.error ?? false,
    newestSegment: segments.find((segment) => segment != null),
  };
}
