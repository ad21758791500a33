import type { Invalidation } from '@gatehouse/mesh';
import { type Database, statement, type Transaction } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import {
  assertReadable,
  formatSnapshot,
  type LogExtent,
  type LogPosition,
  parseSnapshot,
} from '../domain/log-position.ts';
import { MODEL_ID } from './model-revisions.ts';

/** A change that was committed. */
export interface LoggedChange {
  /** Whose grants; undefined: the model. */
  readonly userId: string | undefined;
  /** Of the user's grants, or of the model, after the change. */
  readonly revision: bigint;
  /** When its transaction began. */
  readonly changedAt: Date;
}

/** The log of changes, as of which transactions had ended when it was looked at. */
export interface ChangeLog {
  /** The position of everything that is committed now. */
  now(signal: AbortSignal): Promise<LogPosition>;
  /**
   * Passes on all changes after a position, up to `until` or what is committed now, in pages; each waits for the one before it.
   * Resolves to the position reached. Throws as `assertReadable` does, also when some pages were passed on already.
   */
  read(after: LogPosition, options: ReadOptions, signal: AbortSignal): Promise<LogPosition>;
}

export interface ReadOptions {
  readonly until?: LogPosition;
  readonly page: (changes: readonly LoggedChange[]) => Promise<void> | void;
  /** Has each page read when it is its turn; at once when absent. */
  readonly turn?: <T>(read: () => Promise<T>) => Promise<T>;
}

/** Most changes of one page. */
export const PAGE_MAX = 500;

interface ExtentRow {
  history: string;
  snapshot: string;
  swept_through: string;
}

interface PageRow extends ExtentRow {
  /** null: there are no changes. */
  xid: string | null;
  id: string;
  user_id: string | null;
  revision: bigint;
  changed_at: Date;
}

const EXTENT = `select pg_current_snapshot() as snapshot, w.through_xid as swept_through,
     (select lpad(to_hex(c.system_identifier), 16, '0') from pg_control_system() c)
       || left(pg_walfile_name(pg_current_wal_lsn()), 8) as history
   from authz.changes_swept w`;
const FIND_EXTENT = statement<ExtentRow>(
  'authz.find-log-extent',
  `select e.history, e.snapshot::text as snapshot, e.swept_through::text as swept_through from (${EXTENT}) e`,
);
// What a later snapshot sees and an earlier one did not: the transactions that were running then, and those that had not
// begun. One that runs for long keeps nobody from being told of the others, nor has them read again. Rows of another
// cluster, as a dump brings them along, may be of transactions yet to come: these no snapshot sees.
const FIND_PAGE = statement<PageRow>(
  'authz.find-changes',
  `select e.history, e.snapshot::text as snapshot, e.swept_through::text as swept_through,
     c.xid::text as xid, c.id, c.user_id, c.revision, c.changed_at
   from (${EXTENT}) e left join lateral (
     select found.* from (
       select r.* from unnest($2::xid8[]) t (xid) cross join lateral (
         select c.xid, c.id, c.user_id, c.revision, c.changed_at from authz.changes c
         where c.xid = t.xid and (c.xid, c.id) > ($4::xid8, $5::uuid)
           and pg_visible_in_snapshot(c.xid, coalesce($3::pg_snapshot, e.snapshot))
         order by c.id limit $6::int) r
       union all
       (select c.xid, c.id, c.user_id, c.revision, c.changed_at from authz.changes c
         where c.xid >= $1::xid8 and (c.xid, c.id) > ($4::xid8, $5::uuid)
           and pg_visible_in_snapshot(c.xid, coalesce($3::pg_snapshot, e.snapshot))
         order by c.xid, c.id limit $6::int)
     ) found order by found.xid, found.id limit $6::int
   ) c on true
   order by c.xid, c.id`,
);
const INSERT = statement(
  'authz.insert-changes',
  `insert into authz.changes (id, user_id, revision)
   select id, nullif(subject_id, $4::uuid), revision from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as new (id, subject_id, revision)`,
);

/** Before every change. */
const BEGINNING = { xid: '0', id: MODEL_ID };

/** Notes, in the transaction that makes them and before its commit, changes of which watchers must be told. */
export function logChanges(tx: Transaction, changed: readonly Invalidation[]): void {
  if (changed.length === 0) return;
  const ids = changed.map(() => uuidv7());
  tx.defer(INSERT, [ids, changed.map(({ id }) => id), changed.map(({ version }) => version), MODEL_ID]);
}

export function openChangeLog({ db }: { readonly db: Database }): ChangeLog {
  return {
    async now(signal) {
      const [row] = await db.within({ signal }).query(FIND_EXTENT);
      return toExtent(row).position;
    },
    async read(after, { until, page, turn = (read) => read() }, signal) {
      let goal = until;
      let from = BEGINNING;
      for (;;) {
        const place = [after.xmax, after.running, goal ? formatSnapshot(goal) : null, from.xid, from.id, PAGE_MAX];
        const rows = await turn(() => db.within({ signal }).query(FIND_PAGE, place));
        const extent = toExtent(rows[0]);
        assertReadable(after, extent);
        goal ??= extent.position;
        const found = rows.flatMap(({ xid, ...row }) => (xid === null ? [] : [{ ...row, xid }]));
        if (found.length > 0) await page(found.map(toChange));
        const last = found.at(-1);
        if (found.length < PAGE_MAX || !last) return goal;
        from = last;
      }
    },
  };
}

function toExtent(row: ExtentRow | undefined): LogExtent {
  if (!row) throw new Error('authz.changes_swept has lost its row.');
  return { position: parseSnapshot(row.history, row.snapshot), sweptThrough: BigInt(row.swept_through) };
}

function toChange({ user_id: userId, revision, changed_at: changedAt }: Omit<PageRow, 'xid'>): LoggedChange {
  return { userId: userId ?? undefined, revision, changedAt };
}
