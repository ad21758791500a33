import type { Invalidation } from '@gatehouse/mesh';
import type { Database } from '@gatehouse/postgres';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODEL_ID } from '../src/store/model-revisions.ts';
import { recentChanges } from '../src/store/recent-changes.ts';
import { openAs, rowsOf } from './fixture.ts';

const WINDOW_MS = 60_000;
/** More than two pages. */
const CHANGED = 2_345;

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase('authz');
  db = openAs(database.url);
});
afterAll(async () => {
  await db?.close();
  await database?.drop();
});

/** Logs changes of so many users, or of one; their ids in the order of the log. */
async function log(count: number, changedAt: string, userId = 'gen_random_uuid()'): Promise<(string | null)[]> {
  const rows = await rowsOf<{ user_id: string | null }>(
    db,
    `insert into authz.changes (id, user_id, revision, changed_at)
     select gen_random_uuid(), ${userId}, n, ${changedAt} from generate_series(1, ${count}) as n returning user_id`,
  );
  return rows.map(({ user_id }) => user_id);
}

async function pages(): Promise<Invalidation[][]> {
  const told: Invalidation[][] = [];
  for await (const page of recentChanges(db, WINDOW_MS)) told.push(page);
  return told;
}

describe('what has changed lately', () => {
  it('is nothing in a log that is empty', async () => {
    expect(await pages()).toEqual([]);
  });

  it('is told whole and each once, over several pages, also when much has the same time', async () => {
    // Microseconds apart, and many at the very same time.
    const recent = await log(CHANGED, "now() - interval '30 seconds' + (n / 700) * interval '1 microsecond'");
    // Its transaction began before the window, and may have ended within it.
    const long = await log(1, "now() - interval '80 seconds'");
    await log(50, "now() - interval '100 seconds'");
    const told = await pages();
    expect(told.map((page) => page.length)).toEqual([1_000, 1_000, 346]);
    const ids = told.flat().map(({ id }) => id);
    expect(ids[0]).toBe(long[0]);
    expect(ids.sort()).toEqual([...recent, ...long].sort());
  });

  it('is told of one thing with its newest revision, and of the model under its own id', async () => {
    const [userId] = await log(1, 'now()');
    await log(20, 'now()', `'${userId}'::uuid`);
    await log(7, 'now()', 'null::uuid');
    const newest = (await pages()).at(-1);
    expect(newest).toContainEqual({ id: userId, version: 20n });
    expect(newest).toContainEqual({ id: MODEL_ID, version: 7n });
    expect(newest?.filter(({ id }) => id === userId || id === MODEL_ID)).toHaveLength(2);
  });
});
