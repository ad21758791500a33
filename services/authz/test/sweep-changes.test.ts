import { openDatabase } from '@gatehouse/postgres';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { createTestDatabase, type TestDatabase, waitFor } from '@gatehouse/testing';
import { query, run, withDatabase } from '@gatehouse/testing/sql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSweepingChanges } from '../src/jobs/sweep-changes.ts';
import { openChangeLog } from '../src/store/change-log.ts';

const HOURS = 72;
let database: TestDatabase;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  database = await createTestDatabase('authz');
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await database.drop();
});

const INSERT = `insert into authz.changes (id, user_id, revision, changed_at)
  select gen_random_uuid(), gen_random_uuid(), 1, now() - make_interval(hours => $2::int)
  from generate_series(1, $1::int)`;
const insert = (count: number, hoursAgo: number) => query(database.adminUrl, INSERT, [count, hoursAgo]);
const left = async () => {
  const [row] = await query<{ rows: bigint }>(database.adminUrl, 'select count(*) as rows from authz.changes');
  return Number(row?.rows);
};
function open() {
  const db = openDatabase({ url: database.url, applicationName: 'sweep', logger: silentLogger });
  stops.push(() => db.close());
  return db;
}
function start(more: object = {}) {
  const registry = createRegistry('authz');
  const options = { db: open(), logger: silentLogger, registry, retentionHours: HOURS, everyMs: 10, pauseMs: 1 };
  const job = startSweepingChanges({ ...options, ...more });
  stops.push(() => job.stop());
  const removed = async () => Number(/authz_changes_removed_total\S* (\d+)/.exec(await registry.metrics())?.[1]);
  return { job, removed };
}

describe('sweeping changes', () => {
  it('removes what is older than it is kept, and has nobody take the rest for everything', async () => {
    const log = openChangeLog({ db: open() });
    const { signal } = new AbortController();
    const before = await log.now(signal);
    await insert(3, HOURS + 1);
    // A transaction of another database of the server may still run: a place that begins before it would be refused, too.
    const between = await waitFor(async () => {
      const now = await log.now(signal);
      return now.xmin === now.xmax ? now : undefined;
    });
    await insert(4, HOURS - 1);
    const { removed } = start();
    await waitFor(async () => (await removed()) === 3);
    expect(await left()).toBe(4);
    const read = async (after: typeof before) => {
      const revisions: bigint[] = [];
      await log.read(
        after,
        { page: (changes) => void revisions.push(...changes.map((each) => each.revision)) },
        signal,
      );
      return revisions.length;
    };
    await expect(read(before)).rejects.toMatchObject({ reason: 'RESUME_TOKEN_EXPIRED' });
    expect(await read(between)).toBe(4);
  });

  it('removes many in batches, between which it rests, and stops at once', async () => {
    await insert(1_200, HOURS + 1);
    const { job, removed } = start({ pauseMs: 60_000 });
    await waitFor(async () => (await removed()) === 500);
    await job.stop();
    expect(await left()).toBe(700);
    start();
    await waitFor(async () => (await left()) === 0);
  });

  it('leaves alone what comes after a transaction that still runs', async () => {
    await withDatabase(database.adminUrl, (db) =>
      db.transaction(async (tx) => {
        await run(tx, INSERT, [1, HOURS + 1]);
        await insert(5, HOURS + 1);
        const { removed } = start();
        const again = start();
        await waitFor(async () => (await removed()) === 0 && (await again.removed()) === 0);
        expect(await left()).toBe(5);
      }),
    );
    await waitFor(async () => (await left()) === 0);
  });

  it('leaves the work to the instance that is at it', async () => {
    await insert(5, HOURS + 1);
    await withDatabase(database.adminUrl, (db) =>
      db.transaction(async (tx) => {
        await run(tx, `select pg_advisory_xact_lock(hashtextextended('gatehouse.authz.changes', 0))`);
        const { removed } = start();
        const tries = async () => {
          const [row] = await query<{ calls: bigint }>(
            database.adminUrl,
            `select count(*) as calls from pg_stat_activity where application_name = 'sweep' and query = 'commit' and datname = current_database()`,
          );
          return Number(row?.calls);
        };
        await waitFor(async () => (await tries()) > 0);
        expect(await removed()).toBe(0);
      }),
    );
    await waitFor(async () => (await left()) === 0);
  });
});
