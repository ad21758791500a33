import type { Trail } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import { Counter, Gauge, Histogram, type Registry } from '@gatehouse/process';
import type { Backup, BackupSet } from './domain/backup.ts';
import type { DrillResult, RestoreDrill } from './domain/restore-drill.ts';
import type { RunError } from './domain/run.ts';

/** Every business event of the ops service: what the audit trail learns of it, and what is counted. */
export interface Events {
  backupStarted(tx: Transaction, backup: Backup): Promise<void>;
  backupCompleted(tx: Transaction, backup: Backup, set: BackupSet): Promise<void>;
  backupFailed(tx: Transaction, backup: Backup, error: RunError): Promise<void>;
  restoreDrillStarted(tx: Transaction, drill: RestoreDrill): Promise<void>;
  restoreDrillCompleted(tx: Transaction, drill: RestoreDrill, result: DrillResult): Promise<void>;
  restoreDrillFailed(tx: Transaction, drill: RestoreDrill, error: RunError): Promise<void>;
  /** When the last backup that succeeded was completed, as the database knows it. */
  lastSuccessfulBackup(at: Date | undefined): void;
}

const DURATION_BUCKETS = [1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600];

export function openEvents(trail: Trail, registry: Registry): Events {
  const metrics = openMetrics(registry);
  const recordBackup = (tx: Transaction, what: string, backup: Backup, more: Record<string, string> = {}) =>
    trail.record(tx, backup.requester, {
      type: `backup.${what}`,
      status: what === 'failed' ? 'failure' : 'success',
      attributes: { backup_id: backup.id, backup_type: backup.type, ...more },
    });
  const recordDrill = (tx: Transaction, what: string, drill: RestoreDrill, more: Record<string, string> = {}) =>
    trail.record(tx, drill.requester, {
      type: `restore_drill.${what}`,
      status: what === 'failed' ? 'failure' : 'success',
      attributes: { restore_drill_id: drill.id, backup_id: drill.backupId, ...more },
    });
  return {
    async backupStarted(tx, backup) {
      await recordBackup(tx, 'started', backup);
    },
    async backupCompleted(tx, backup, set) {
      const { label, sizeBytes, durationSeconds } = set;
      await recordBackup(tx, 'completed', backup, { label, size_bytes: String(sizeBytes) });
      tx.afterCommit(() => {
        metrics.backups.inc({ type: backup.type, status: 'completed' });
        metrics.backupDuration.observe({ type: backup.type }, durationSeconds);
        if (backup.completedAt) metrics.lastSuccess.set(backup.completedAt.getTime() / 1000);
      });
    },
    async backupFailed(tx, backup, { code, message }) {
      await recordBackup(tx, 'failed', backup, { error_code: code, error_message: message });
      tx.afterCommit(() => metrics.backups.inc({ type: backup.type, status: 'failed' }));
    },
    async restoreDrillStarted(tx, drill) {
      await recordDrill(tx, 'started', drill, { witnesses: String(drill.witnessUserIds.length) });
    },
    async restoreDrillCompleted(tx, drill, { recoveryTimeMs, foundUserIds, missingUserIds }) {
      await recordDrill(tx, 'completed', drill, {
        recovery_time_ms: String(recoveryTimeMs),
        witnesses_found: String(foundUserIds.length),
        witnesses_missing: String(missingUserIds.length),
      });
      tx.afterCommit(() => {
        metrics.drills.inc({ status: 'completed' });
        metrics.recovery.observe(recoveryTimeMs / 1000);
      });
    },
    async restoreDrillFailed(tx, drill, { code, message }) {
      await recordDrill(tx, 'failed', drill, { error_code: code, error_message: message });
      tx.afterCommit(() => metrics.drills.inc({ status: 'failed' }));
    },
    lastSuccessfulBackup(at) {
      if (at) metrics.lastSuccess.set(at.getTime() / 1000);
    },
  };
}

function openMetrics(registry: Registry) {
  const registers = [registry];
  return {
    backups: new Counter({
      name: 'ops_backups_total',
      help: 'Backups that have ended, by type and by how.',
      labelNames: ['type', 'status'],
      registers,
    }),
    backupDuration: new Histogram({
      name: 'ops_backup_duration_seconds',
      help: 'How long pgBackRest took for backups that succeeded, by type.',
      labelNames: ['type'],
      buckets: DURATION_BUCKETS,
      registers,
    }),
    lastSuccess: new Gauge({
      name: 'ops_last_successful_backup_timestamp_seconds',
      help: 'When the last backup that succeeded was completed, in Unix time; 0 while there is none.',
      registers,
    }),
    drills: new Counter({
      name: 'ops_restore_drills_total',
      help: 'Restore drills that have ended, by how.',
      labelNames: ['status'],
      registers,
    }),
    recovery: new Histogram({
      name: 'ops_restore_drill_recovery_seconds',
      help: 'From the start of a restore to the first answered query, in drills that succeeded.',
      buckets: DURATION_BUCKETS,
      registers,
    }),
  };
}
