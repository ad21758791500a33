import type { Invalidation } from '@gatehouse/mesh';
import { type Database, openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recentRevocations } from '../src/store/recent-revocations.ts';

const WINDOW_MS = 60_000;
/** More than two pages. */
const REVOKED = 2_345;

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase('session');
  db = openDatabase({ url: database.url, applicationName: 'recent', maxConnections: 1, logger: silentLogger });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

/** Makes sessions that were revoked at a time, or not at all; their ids. */
async function insert(name: string, count: number, revokedAt: string): Promise<string[]> {
  const rows = await db.query(
    statement<{ id: string }>(
      `recent.insert-${name}`,
      `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, created_at, expires_at,
         last_activity_at, revoked_at, revoked_reason, version)
       select gen_random_uuid(), gen_random_uuid(), decode(repeat('00', 32), 'hex'), '{pwd}', now() - interval '1 hour',
         now() + interval '1 hour', now(), ${revokedAt}, case when ${revokedAt} is null then null else 'logout' end, 2
       from generate_series(1, ${count}) as n returning id`,
    ),
  );
  return rows.map(({ id }) => id);
}

describe('what was revoked lately', () => {
  it('is told whole and each once, over several pages, also when much has the same time', async () => {
    // Microseconds apart, and many at the very same time.
    const recent = await insert(
      'recent',
      REVOKED,
      "now() - interval '30 seconds' + (n / 700) * interval '1 microsecond'",
    );
    await insert('old', 50, "now() - interval '61 seconds'");
    await insert('good', 50, 'null::timestamptz');
    const pages: Invalidation[][] = [];
    for await (const page of recentRevocations(db, WINDOW_MS)) pages.push(page);
    const told = pages.flat();
    expect(pages.map((page) => page.length)).toEqual([1_000, 1_000, 345]);
    expect(told.map(({ id }) => id).sort()).toEqual(recent.sort());
    expect(told[0]).toEqual({ id: expect.any(String), version: 2n, gone: 'logout' });
  });
});
