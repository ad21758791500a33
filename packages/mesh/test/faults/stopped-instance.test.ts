import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Invalidation, startInvalidationRelay } from '@gatehouse/mesh';
import { appendOutbox, type Database, openDatabase, startOutboxRelay, statement } from '@gatehouse/postgres';
import { createRegistry, silentLogger, uuidv7 } from '@gatehouse/process';
import { createTestDatabase, type TestDatabase, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** How long a delivery may take. */
const DELIVERY_MS = 300;

let database: TestDatabase;
let db: Database;
let stops: (() => unknown)[];

beforeEach(async () => {
  stops = [];
  database = await createTestDatabase('session');
  stops.push(() => database.drop());
  db = openDatabase({ url: database.url, applicationName: 'relay', logger: silentLogger });
  stops.push(() => db.close());
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
});

const OPEN = statement<{ state: string }>(
  'test.open-transactions',
  `select state from pg_stat_activity
   where application_name = 'stuck-relay' and datname = current_database() and state <> 'idle'`,
);
const COUNT = statement<{ waiting: bigint }>(
  'test.count-waiting',
  'select (select count(*) from session.invalidations) + (select count(*) from session.outbox) as waiting',
);
const waiting = async () => (await db.query(COUNT))[0]?.waiting;

/** Another instance, which has begun to talk to another system about what waits, and is stopped in that moment. */
async function stopWhileItTalks(kind: 'outbox' | 'invalidations'): Promise<ChildProcess> {
  const file = join(import.meta.dirname, 'stuck-relay.ts');
  const child = spawn(process.execPath, [file, kind, database.url, String(DELIVERY_MS)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  stops.push(() => child.kill('SIGKILL') && ended);
  await once(child, 'message');
  child.kill('SIGSTOP');
  return child;
}

/** The relay of an instance that goes on, or of one whose Redis is away. */
function startRelay({ usable }: { readonly usable: boolean }) {
  const told: Invalidation[] = [];
  const relay = startInvalidationRelay({
    db,
    schema: 'session',
    cache: {
      invalidate: async (items) => void told.push(...items),
      distrustL2: () => {},
      trustL2: () => {},
      l2Trusted: true,
    },
    redis: { usable, onOutage: () => {}, onRecovery: () => {} },
    bus: { boundMs: 1_000, onLoss: () => {} },
    timeline: { current: 1n, confirm: async () => {} },
    logger: silentLogger,
    registry: createRegistry('session'),
    pollMs: 20,
  });
  stops.push(() => relay.stop());
  return { relay, told };
}

describe('an instance that is stopped while it talks to another system', () => {
  it('keeps no invalidation from the others', async () => {
    const items = [1n, 2n, 3n].map((version) => ({ id: randomUUID(), version, gone: 'logout' }));
    const { relay } = startRelay({ usable: false });
    await db.transaction(async (tx) => relay.stage(tx, items));
    await stopWhileItTalks('invalidations');
    expect(await db.query(OPEN)).toEqual([]);
    const { told } = startRelay({ usable: true });
    await waitFor(() => told.length > 0);
    expect(told).toEqual(items);
    await waitFor(async () => (await waiting()) === 0n);
  });

  it('keeps no event from the others for longer than a delivery may take', async () => {
    const id = uuidv7();
    await db.transaction(async (tx) => appendOutbox(tx, 'session', { id, payload: Buffer.from('event') }));
    await stopWhileItTalks('outbox');
    expect(await db.query(OPEN)).toEqual([]);
    const delivered: string[] = [];
    const relay = startOutboxRelay({
      db,
      schema: 'session',
      deliver: async (messages) => void delivered.push(...messages.map((message) => message.id)),
      logger: silentLogger,
      pollMs: 20,
    });
    stops.push(() => relay.stop());
    await relay.drained();
    expect(delivered).toEqual([id]);
    expect(await waiting()).toBe(0n);
  });
});
