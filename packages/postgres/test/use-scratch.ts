import { afterAll, beforeAll } from 'vitest';
import type { Database } from '../src/index.ts';
import { openScratch, runOnce, type ScratchDatabase, scratchDatabase } from './scratch-database.ts';

/** A scratch database for a whole test file, there while its tests run. */
export interface UsedScratch {
  readonly url: string;
  readonly adminUrl: string;
  readonly db: Database;
}

/** Makes a scratch database before the tests of the file, with what `setUp` says in it, and drops it after them. */
export function useScratch(options: { maxConnections?: number; setUp?: readonly string[] } = {}): UsedScratch {
  let scratch: ScratchDatabase;
  let db: Database;
  beforeAll(async () => {
    scratch = await scratchDatabase();
    for (const text of options.setUp ?? []) await runOnce(scratch.url, text);
    db = openScratch(scratch.url, { maxConnections: options.maxConnections ?? 4 });
  });
  afterAll(async () => {
    await db.close();
    await scratch.drop();
  });
  return {
    get url() {
      return scratch.url;
    },
    get adminUrl() {
      return scratch.adminUrl;
    },
    get db() {
      return db;
    },
  };
}
