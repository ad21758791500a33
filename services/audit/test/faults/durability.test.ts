import { AuditServiceService, type Event } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { Client } from '@gatehouse/rpc';
import {
  type PostgresInstance,
  privateDatabase,
  startPostgres,
  startTestService,
  type TestDatabase,
  type TestService,
  waitFor,
} from '@gatehouse/testing';
import { query, run, withDatabase } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as main from '../../src/main.ts';
import { event, eventsFrom, monthStart, partition } from '../events.ts';

type Audit = Client<typeof AuditServiceService>;

let postgres: PostgresInstance;
let database: TestDatabase;
let service: TestService;
let session: Audit;
let operator: Audit;

// A server of its own: these tests kill it and change what commits mean.
beforeAll(async () => {
  postgres = await startPostgres({ durable: true, settings: { synchronous_commit: 'off' } });
  database = await privateDatabase('audit', postgres);
  service = await startTestService({ name: 'audit', main, database });
  session = service.connectAs('session', AuditServiceService);
  operator = service.connectAs('operator/test', AuditServiceService);
  await waitFor(async () => (await recordable()) === 5);
});
afterAll(async () => {
  await service.stop();
  await postgres.stop();
});

describe('when the database is killed', () => {
  it('in the middle of a batch, nothing of the batch is there; sent again, all of it is, once', async () => {
    const told = [...eventsFrom(monthStart(-1), 100), ...eventsFrom(new Date(), 100)];
    let failed: Promise<unknown> = Promise.resolve();
    // The events of last month are in when the insert meets the lock on the partition of this month.
    await withDatabase(database.adminUrl, (db) =>
      db.transaction(async (tx) => {
        await run(tx, `lock table ${partition(0)} in access exclusive mode`);
        failed = session.recordEvents({ events: told }).catch((error: unknown) => error);
        await waitFor(async () => (await waiting()) > 0);
        await postgres.kill();
      }),
    ).catch(() => {});
    expect(await failed).toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' });
    await postgres.restart();
    expect(await countOf(told)).toBe(0);
    await expect(session.recordEvents({ events: told })).resolves.toEqual({ recordedCount: 200 });
    expect(await countOf(told)).toBe(200);
  });

  it('right after the answer, every event is there', async () => {
    const told = eventsFrom(new Date(), 100);
    await session.recordEvents({ events: told });
    await postgres.kill();
    await postgres.restart();
    expect(await countOf(told)).toBe(100);
  });

  it('recording and listing are refused as UNAVAILABLE, and work again when it is back', async () => {
    await postgres.kill();
    const unavailable = { kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' };
    await expect(session.recordEvents({ events: [event()] })).rejects.toMatchObject(unavailable);
    await expect(operator.listEvents(request())).rejects.toMatchObject(unavailable);
    await postgres.restart();
    await expect(session.recordEvents({ events: [event()] })).resolves.toEqual({ recordedCount: 1 });
    await expect(operator.listEvents(request())).resolves.toBeDefined();
  });
});

describe('an answer', () => {
  it('waits for a durable commit even where the server is set not to', async () => {
    const told = event();
    // With a standby that does not exist, a commit that waits to be durable never ends, and one that does not wait does.
    await query(database.adminUrl, "alter system set synchronous_standby_names = 'nowhere'");
    await query(database.adminUrl, 'select pg_reload_conf()');
    try {
      await waitFor(async () => {
        const [row] = await query<{ set: string }>(
          database.adminUrl,
          "select current_setting('synchronous_standby_names') as set",
        );
        return row?.set === 'nowhere';
      });
      // Ends at once, since this server is set not to wait.
      await query(database.adminUrl, 'create table public.committed ()');
      await expect(session.recordEvents({ events: [told] }, { deadlineMs: Date.now() + 500 })).rejects.toMatchObject({
        kind: 'deadline',
      });
    } finally {
      await query(database.adminUrl, 'alter system reset synchronous_standby_names');
      await query(database.adminUrl, 'select pg_reload_conf()');
    }
    await session.recordEvents({ events: [told] });
    expect(await countOf([told])).toBe(1);
  });
});

async function recordable(): Promise<number> {
  const [row] = await query<{ count: number }>(
    database.adminUrl,
    "select count(*)::int as count from pg_inherits where inhparent = 'audit.security_audit_log'::regclass",
  );
  return row?.count ?? 0;
}

async function waiting(): Promise<number> {
  const [row] = await query<{ count: number }>(
    database.adminUrl,
    `select count(*)::int as count from pg_stat_activity
     where application_name = 'gatehouse-audit' and wait_event_type = 'Lock'`,
  );
  return row?.count ?? 0;
}

async function countOf(told: readonly Event[]): Promise<number> {
  const [row] = await query<{ count: number }>(
    database.adminUrl,
    'select count(*)::int as count from audit.security_audit_log where id = any($1::uuid[])',
    [told.map(({ eventId }) => eventId)],
  );
  return row?.count ?? -1;
}

function request() {
  const times = { occurredFrom: undefined, occurredBefore: undefined };
  return { userId: '', requestId: '', eventTypes: [], pageSize: 0, pageToken: '', ...times };
}
