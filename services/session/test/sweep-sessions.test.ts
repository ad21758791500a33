import { openDatabase } from '@gatehouse/postgres';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { createTestDatabase, fakeClock, type TestDatabase, waitFor } from '@gatehouse/testing';
import { query, run, withDatabase } from '@gatehouse/testing/sql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSweepingSessions } from '../src/jobs/sweep-sessions.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const RETENTION_DAYS = 30;
const clock = fakeClock();
let database: TestDatabase;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  database = await createTestDatabase('session');
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await database.drop();
});

const daysAgo = (days: number) => new Date(clock.now().getTime() - days * DAY_MS);
/** Stores sessions that end at a time, each with a refresh token. */
const insert = (count: number, expiresAt: Date) =>
  query(
    database.adminUrl,
    `with made as (
       insert into session.sessions (id, user_id, session_token_hash, authentication_methods, created_at, expires_at,
         last_activity_at)
       select gen_random_uuid(), gen_random_uuid(), sha256('x'), '{pwd}', $2::timestamptz - interval '1 day', $2, $2
       from generate_series(1, $1::int) returning user_id, id, expires_at)
     insert into session.refresh_tokens (user_id, session_id, generation, token_hash, issued_at, expires_at)
     select user_id, id, 0, sha256('x'), expires_at - interval '1 day', expires_at from made`,
    [count, expiresAt],
  );
const countOf = async (table: string) => {
  const [row] = await query<{ rows: bigint }>(database.adminUrl, `select count(*) as rows from session.${table}`);
  return Number(row?.rows);
};
const start = (more: object = {}) => {
  const registry = createRegistry('session');
  const db = openDatabase({ url: database.url, applicationName: 'sweep', logger: silentLogger });
  const job = startSweepingSessions({
    db,
    clock,
    logger: silentLogger,
    registry,
    retentionDays: RETENTION_DAYS,
    everyMs: 10,
    pauseMs: 1,
    ...more,
  });
  stops.push(async () => {
    await job.stop();
    await db.close();
  });
  const removed = async () => Number(/session_sweep_removed_total\S* (\d+)/.exec(await registry.metrics())?.[1]);
  return { job, removed };
};

describe('sweeping sessions', () => {
  it('removes what ended longer ago than it is kept, refresh tokens included, and nothing else', async () => {
    await insert(3, daysAgo(RETENTION_DAYS + 1));
    await insert(4, daysAgo(RETENTION_DAYS - 1));
    await insert(5, daysAgo(-10));
    const { removed } = start();
    await waitFor(async () => (await removed()) === 3);
    expect(await countOf('sessions')).toBe(9);
    expect(await countOf('refresh_tokens')).toBe(9);
  });

  it('goes on removing as time passes', async () => {
    const before = clock.now();
    await insert(2, daysAgo(RETENTION_DAYS - 1));
    const { removed } = start();
    expect(await removed()).toBe(0);
    clock.advance(DAY_MS + 1);
    await waitFor(async () => (await removed()) === 2);
    clock.set(before);
  });

  it('removes many in batches, between which it rests', async () => {
    await insert(1_700, daysAgo(RETENTION_DAYS + 1));
    // It never comes to the second batch while the test runs.
    const { removed } = start({ pauseMs: 60_000 });
    await waitFor(async () => (await removed()) > 0);
    expect(await removed()).toBe(500);
    expect(await countOf('sessions')).toBe(1_200);
    const quick = start();
    await waitFor(async () => (await quick.removed()) === 1_200);
    expect(await countOf('sessions')).toBe(0);
  });

  it('stops at once, also while it rests', async () => {
    await insert(600, daysAgo(RETENTION_DAYS + 1));
    const { job, removed } = start({ pauseMs: 60_000 });
    await waitFor(async () => (await removed()) === 500);
    await job.stop();
    expect(await countOf('sessions')).toBe(100);
  });

  it('leaves a session that is being changed for the next time', async () => {
    await insert(5, daysAgo(RETENTION_DAYS + 1));
    await withDatabase(database.adminUrl, async (db) => {
      const { removed } = await db.transaction(async (tx) => {
        await run(tx, 'select id from session.sessions order by id limit 1 for update');
        const job = start();
        await waitFor(async () => (await job.removed()) === 4);
        expect(await countOf('sessions')).toBe(1);
        return job;
      });
      await waitFor(async () => (await removed()) === 5);
    });
  });

  it('leaves the work to the instance that is at it', async () => {
    await insert(5, daysAgo(RETENTION_DAYS + 1));
    await withDatabase(database.adminUrl, async (db) => {
      await db.transaction(async (tx) => {
        await run(tx, `select pg_advisory_xact_lock(hashtextextended('gatehouse.session.sweep', 0))`);
        const { removed } = start();
        const tries = async () => {
          const [row] = await query<{ calls: bigint }>(
            database.adminUrl,
            `select count(*) as calls from pg_stat_activity where application_name = 'sweep' and query like '%try_advisory%' and datname = current_database()`,
          );
          return Number(row?.calls);
        };
        await waitFor(async () => (await tries()) > 0);
        expect(await removed()).toBe(0);
        expect(await countOf('sessions')).toBe(5);
      });
    });
    await waitFor(async () => (await countOf('sessions')) === 0);
  });

  it('removes each session once when several instances do it', async () => {
    await insert(2_000, daysAgo(RETENTION_DAYS + 1));
    const [one, two] = [start(), start()];
    await waitFor(async () => (await countOf('sessions')) === 0);
    await waitFor(async () => (await one.removed()) + (await two.removed()) === 2_000);
  });
});
