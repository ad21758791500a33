import { type Database, type Queryable, statement } from '@gatehouse/postgres';
import type { RestoredContents } from '../domain/restore-drill.ts';

/** Where the replay of a restored cluster ended. */
export interface ReplayEnd {
  /** Time of the last transaction that was replayed; undefined when the WAL held none. */
  readonly restoredUntil: Date | undefined;
  /** Name of the WAL segment in which the replay ended. */
  readonly segment: string | undefined;
}

/** The schemas of Gatehouse, whose rows are counted. */
const SCHEMAS = ['identity', 'session', 'authz', 'audit', 'ops'];

const REPLAY_END = statement<{ restored_until: Date | null; segment: string | null }>(
  'ops.find-replay-end',
  `select pg_last_xact_replay_timestamp() as restored_until, pg_walfile_name(pg_last_wal_replay_lsn()) as segment`,
);
// Which tables there are is known only there, and a function can put the name of one into a statement.
const CREATE_COUNT_ROWS = statement(
  'ops.create-count-rows',
  `create function pg_temp.count_rows(counted regclass) returns bigint language plpgsql as $$
   declare rows bigint;
   begin
     execute format('select count(*) from %s', counted) into rows;
     return rows;
   end $$`,
);
const COUNT_ROWS = statement<{ name: string; rows: bigint }>(
  'ops.count-restored-rows',
  `select n.nspname || '.' || c.relname as name, pg_temp.count_rows(c.oid::regclass) as rows
   from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname = any($1::text[]) and c.relkind in ('r', 'p') and not c.relispartition`,
);
const USERS_ARE_THERE = statement<{ there: boolean }>(
  'ops.find-restored-users-table',
  `select to_regclass('identity.users') is not null as there`,
);
const FIND_USERS = statement<{ id: string }>(
  'ops.find-restored-users',
  'select id from identity.users where id = any($1::uuid[])',
);

/** Where the replay ended, as the restored cluster itself tells. */
export async function findReplayEnd(restored: Queryable): Promise<ReplayEnd> {
  const [row] = await restored.query(REPLAY_END);
  return { restoredUntil: row?.restored_until ?? undefined, segment: row?.segment ?? undefined };
}

/** Counts the rows of every table of Gatehouse in a restored database, and looks for users in it. */
export async function findRestoredContents(
  restored: Database,
  witnessUserIds: readonly string[],
): Promise<RestoredContents> {
  return await restored.transaction(async (tx) => {
    await tx.query(CREATE_COUNT_ROWS);
    const tables = await tx.query(COUNT_ROWS, [SCHEMAS]);
    const [users] = await tx.query(USERS_ARE_THERE);
    const found = users?.there ? await tx.query(FIND_USERS, [witnessUserIds]) : [];
    const foundIds = new Set(found.map(({ id }) => id));
    return {
      rowCounts: Object.fromEntries(tables.map(({ name, rows }) => [name, Number(rows)])),
      foundUserIds: witnessUserIds.filter((id) => foundIds.has(id)),
      missingUserIds: witnessUserIds.filter((id) => !foundIds.has(id)),
    };
  });
}
