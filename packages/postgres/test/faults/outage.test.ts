import { type PostgresInstance, startPostgres, startStopwatch, waitFor } from '@gatehouse/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Database, statement } from '../../src/index.ts';
import { openScratch } from '../scratch-database.ts';

// Servers are stopped, started and waited for.
const sleep = statement('test.sleep', 'select 1 from pg_sleep(30)');
const unavailable = { kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' };

let server: PostgresInstance;
let db: Database;

beforeEach(async () => {
  server = await startPostgres({ settings: { max_connections: '6', superuser_reserved_connections: '0' } });
  db = openScratch(server.adminUrl);
  await db.ping();
});

afterEach(async () => {
  await db.close();
  await server.stop('immediate');
});

/** How long this process had to run until the work was refused as unavailable. */
async function took(work: Promise<unknown>): Promise<number> {
  const watch = startStopwatch();
  await expect(work).rejects.toMatchObject(unavailable);
  return watch.stop();
}

describe('a server that', () => {
  it('was killed is unavailable at once, and usable after it is back', async () => {
    const patient = openScratch(server.adminUrl, { statementTimeoutMs: 60_000 });
    const running = took(patient.query(sleep));
    const inTransaction = took(patient.transaction((tx) => tx.query(sleep)));
    await waitFor(async () => {
      const active = statement(
        'test.active',
        `select from pg_stat_activity where query like '%pg_sleep(30)' and state = 'active'`,
      );
      return (await db.query(active)).length >= 2;
    });
    await server.kill();
    await Promise.all([running, inTransaction]);
    expect(await took(patient.ping())).toBeLessThan(1_000);
    expect(await took(patient.transaction(async (tx) => await tx.query(sleep)))).toBeLessThan(1_000);
    await server.restart();
    await expect(db.ping()).resolves.toBeUndefined();
    await expect(patient.ping()).resolves.toBeUndefined();
    await patient.close();
  });

  it('goes and comes back is reported once each time', async () => {
    const warn = vi.fn();
    const info = vi.fn();
    const logged = openScratch(server.adminUrl, { logger: Object.assign(pino({ level: 'silent' }), { warn, info }) });
    await logged.ping();
    await server.kill();
    for (let times = 0; times < 3; times += 1) await took(logged.ping());
    expect(warn).toHaveBeenCalledTimes(1);
    await server.restart();
    for (let times = 0; times < 3; times += 1) await logged.ping();
    expect(info).toHaveBeenCalledTimes(1);
    await logged.close();
  });

  it('is restarted while connections idle is usable right after', async () => {
    await server.restart();
    await expect(db.ping()).resolves.toBeUndefined();
  });

  it('freezes is unavailable within the limits, and usable after it thaws', async () => {
    const brief = openScratch(server.adminUrl, {
      acquireTimeoutMs: 500,
      connectTimeoutMs: 400,
      statementTimeoutMs: 300,
    });
    await waitFor(() => brief.ping().then(() => true));
    await server.pause();
    // The first one finds an idle connection and waits for its answer; the second one waits for a new connection.
    const [first, second] = await Promise.all([
      took(brief.query(sleep)),
      took(brief.transaction((tx) => tx.query(sleep))),
    ]);
    expect(first).toBeLessThan(1_600);
    expect(second).toBeLessThan(1_600);
    expect(await took(brief.ping())).toBeLessThan(1_000);
    await server.resume();
    await waitFor(() => brief.ping().then(() => true));
    await brief.close();
  });

  it('freezes does not hold up an abort, nor the closing of the pool', async () => {
    const patient = openScratch(server.adminUrl, { statementTimeoutMs: 60_000 });
    const giveUp = new AbortController();
    const call = patient.within({ signal: giveUp.signal }).query(sleep);
    const cancelled = expect(call).rejects.toMatchObject({ kind: 'cancelled' });
    await patient.ping();
    await server.pause();
    const watch = startStopwatch();
    giveUp.abort();
    await cancelled;
    expect(watch.runningMs()).toBeLessThan(500);
    await patient.close();
    expect(watch.stop()).toBeLessThan(3_000);
    await server.resume();
  });

  it('has no connection left is unavailable, and usable when it has', async () => {
    const greedy = openScratch(server.adminUrl, {
      maxConnections: 10,
      acquireTimeoutMs: 15_000,
      statementTimeoutMs: 60_000,
    });
    const giveUp = new AbortController();
    // A ping may take a place before they have all of them, so whoever is turned away tries again.
    const hold = async () => {
      while (!giveUp.signal.aborted)
        await greedy
          .within(giveUp)
          .query(sleep)
          .catch(() => {});
    };
    const ends = Promise.all(Array.from({ length: 10 }, hold));
    const pingOnce = async () => {
      const late = openScratch(server.adminUrl);
      await late.ping().finally(late.close);
    };
    await waitFor(() =>
      pingOnce().then(
        () => false,
        (error) => error.cause?.code === '53300',
      ),
    );
    await expect(pingOnce()).rejects.toMatchObject(unavailable);
    giveUp.abort();
    await ends;
    await greedy.close();
    await waitFor(() => pingOnce().then(() => true));
  });

  it('terminates a connection makes that call unavailable and no other', async () => {
    const one = openScratch(server.adminUrl, {
      maxConnections: 1,
      applicationName: 'terminated',
      statementTimeoutMs: 60_000,
    });
    const call = took(one.query(sleep));
    const terminate = statement(
      'test.terminate',
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'terminated' and state = 'active'`,
    );
    await waitFor(async () => (await db.query(terminate)).length > 0);
    await call;
    await expect(one.ping()).resolves.toBeUndefined();
    await one.close();
  });
});

describe('an address where', () => {
  it('nobody listens is unavailable at once', async () => {
    const nobody = openScratch('postgres://user:secret@127.0.0.1:1/nothing');
    expect(await took(nobody.ping())).toBeLessThan(500);
    await nobody.close();
  });

  it('no host is known is unavailable', async () => {
    const unknown = openScratch('postgres://user:secret@no-such-host.invalid/nothing');
    expect(await took(unknown.ping())).toBeLessThan(2_500);
    await unknown.close();
  });
});
