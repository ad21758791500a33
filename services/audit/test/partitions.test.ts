import { type Database, openDatabase } from '@gatehouse/postgres';
import { type Clock, silentLogger, systemClock } from '@gatehouse/process';
import { AuditServiceService } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import {
  createTestDatabase,
  fakeClock,
  lendRedis,
  startTestService,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { query, run, withDatabase } from '@gatehouse/testing/sql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startMakingPartitions } from '../src/jobs/make-partitions.ts';
import * as main from '../src/main.ts';
import { event, monthStart, partition } from './events.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase('audit');
});
afterEach(() => database.drop());

describe('partitions', () => {
  it('are made by no migration', async () => {
    expect(await partitions()).toEqual([]);
  });

  it('are made at the start for last month, this month and the next three', async () => {
    await withJob({ clock: systemClock }, async () => {
      await waitFor(async () => (await partitions()).length === 5);
    });
    expect(await partitions()).toEqual([-1, 0, 1, 2, 3].map(partition));
  });

  it('are made for the months that follow as time goes on', async () => {
    const clock = fakeClock(new Date());
    await withJob({ clock, everyMs: 20 }, async () => {
      await waitFor(async () => (await partitions()).length === 5);
      clock.set(monthStart(2));
      await waitFor(async () => (await partitions()).length === 7);
    });
    expect(await partitions()).toEqual([-1, 0, 1, 2, 3, 4, 5].map(partition));
  });

  it('are made once when several instances start together', async () => {
    const clock = systemClock;
    await Promise.all(
      Array.from({ length: 4 }, () => withJob({ clock }, () => waitFor(async () => (await partitions()).length === 5))),
    );
    expect(await partitions()).toHaveLength(5);
  });

  it('are made later when the database was away at the start', async () => {
    await query(database.adminUrl, 'alter function audit.create_month_partition(date) rename to away');
    await withJob({ clock: systemClock, everyMs: 20 }, async (failures) => {
      await waitFor(() => failures() > 0);
      await query(database.adminUrl, 'alter function audit.away(date) rename to create_month_partition');
      await waitFor(async () => (await partitions()).length === 5);
    });
  });

  it('begin and end with their months in UTC, whatever the session that asks for them', async () => {
    const name = new URL(database.adminUrl).pathname.slice(1);
    await query(database.adminUrl, `alter database "${name}" set timezone = 'Pacific/Kiritimati'`);
    await query(database.adminUrl, `alter database "${name}" set datestyle = 'SQL, DMY'`);
    await query(database.url, "select audit.create_month_partition((now() at time zone 'UTC')::date)");
    const bounds = await withDatabase(database.adminUrl, async (db) => {
      await run(db, "set timezone = 'UTC'");
      await run(db, "set datestyle = 'ISO'");
      const [row] = await run<{ bounds: string }>(
        db,
        'select pg_get_expr(relpartbound, oid) as bounds from pg_class where oid = $1::regclass',
        [partition(0)],
      );
      return row?.bounds ?? '';
    });
    expect(timesIn(bounds)).toEqual([monthStart(0), monthStart(1)]);
  });

  it('are made while others read the log and write to it', async () => {
    await query(database.url, 'select audit.create_month_partition(current_date)');
    await withDatabase(database.url, (db) =>
      db.transaction(async (tx) => {
        await run(tx, 'select id from audit.security_audit_log');
        await run(
          tx,
          `insert into audit.security_audit_log (id, occurred_at, event_type, event_status, request_id, service, actor,
             peer) values (gen_random_uuid(), now(), 'a.b', 'success', gen_random_uuid(), 's', 'a', 'p')`,
        );
        const next = "(current_date + interval '1 month')::date";
        const made = await query(database.url, `select audit.create_month_partition(${next}) as made`);
        expect(made).toEqual([{ made: true }]);
      }),
    );
  });
});

describe('events of a month that nobody has made a partition for', () => {
  it('are recorded when the month is not older than what is kept', async () => {
    await using redis = await lendRedis();
    const service = await startTestService({ name: 'audit', main, database, redis });
    try {
      await waitFor(async () => (await partitions()).length === 5);
      // As if the service had not run for half a year.
      await query(database.adminUrl, "select audit.create_month_partition((current_date - interval '6 months')::date)");
      const session = service.connectAs('session', AuditServiceService);
      const told = [event({ occurredAt: monthStart(-3) }), event()];
      await expect(session.recordEvents({ events: told })).resolves.toEqual({ recordedCount: 2 });
      expect(await partitions()).toContain(partition(-3));
      await expect(session.recordEvents({ events: [event({ occurredAt: monthStart(-8) })] })).rejects.toMatchObject({
        reason: 'EVENT_TIME_OUT_OF_RANGE',
      });
    } finally {
      await service.stop();
    }
  });
});

async function withJob(
  options: { readonly clock: Clock; readonly everyMs?: number },
  work: (failures: () => number) => Promise<unknown>,
): Promise<void> {
  const db = openDatabase({ url: database.url, applicationName: 'audit-test', logger: silentLogger });
  let failures = 0;
  const watched: Database = {
    ...db,
    within: (call) => ({
      ...db,
      query: (wanted, values) =>
        db
          .within(call)
          .query(wanted, values)
          .catch((error: unknown) => {
            failures += 1;
            throw error;
          }),
    }),
  };
  const job = startMakingPartitions({ db: watched, logger: silentLogger, ...options });
  try {
    await work(() => failures);
  } finally {
    await job.stop();
    await db.close();
  }
}

async function partitions(): Promise<string[]> {
  const rows = await query<{ name: string }>(
    database.adminUrl,
    `select 'audit.' || c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'audit.security_audit_log'::regclass order by 1`,
  );
  return rows.map(({ name }) => name);
}

function timesIn(bounds: string): Date[] {
  return [...bounds.matchAll(/'([^']+)'/g)].map(([, text]) => new Date(text ?? ''));
}
