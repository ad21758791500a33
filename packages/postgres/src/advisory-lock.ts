import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from './connection.ts';
import { unavailable } from './errors.ts';

const POLL_MS = 100;

/**
 * Runs `work` while this session holds the named lock, which every process that uses the same name in the same database
 * respects. Rejects with Failure `unavailable` when another session keeps it for longer than `waitMs`.
 */
export async function withAdvisoryLock<T>(
  connection: Connection,
  name: string,
  waitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const giveUpAtMs = performance.now() + waitMs;
  while (!(await tryLock(connection, name))) {
    if (performance.now() >= giveUpAtMs) throw unavailable(`The lock ${name} was not free within ${waitMs} ms.`);
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    // A session that breaks has no lock to give back, and its error is the one that counts.
    await connection.send({ text: `select pg_advisory_unlock(${KEY})`, values: [name] }).catch(() => undefined);
  }
}

const KEY = "hashtextextended('gatehouse.' || $1, 0)";

/**
 * Asks again and again and does not wait in Postgres: one who waits there has a snapshot, for whose end `create index
 * concurrently` under this very lock would wait in turn.
 */
async function tryLock(connection: Connection, name: string): Promise<boolean> {
  const text = `select pg_try_advisory_lock(${KEY}) as held`;
  const { rows } = await connection.send<{ held: boolean }>({ text, values: [name] });
  return rows[0]?.held === true;
}
