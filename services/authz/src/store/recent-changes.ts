import type { Invalidation } from '@gatehouse/mesh';
import { type Database, statement } from '@gatehouse/postgres';
import { MODEL_ID } from './model-revisions.ts';

interface RecentRow {
  id: string;
  user_id: string | null;
  revision: bigint;
  /** As text, because a Date would lose the microseconds and with them the place in the order. */
  changed_at_text: string;
}

/** Most changes that are read at once; when there are more, the next page follows. */
const RECENT_MAX = 1_000;
/** A change has the time at which its transaction began; so long before its end that may be. Milliseconds. */
const TRANSACTION_MS_MAX = 30_000;
const BEFORE_ALL = { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

const FIND_RECENT = statement<RecentRow>(
  'authz.find-recent-changes',
  `select id, user_id, revision, changed_at::text as changed_at_text from authz.changes
   where changed_at > now() - $1::double precision * interval '1 millisecond'
     and (changed_at, id) > ($2::timestamptz, $3::uuid)
   order by changed_at, id limit ${RECENT_MAX}`,
);

/**
 * What was changed in the last `windowMs` milliseconds by the clock of the database, oldest first, page by page. Of several
 * changes of the same thing in one page only the newest is told: it makes untrue all that the others do.
 */
export async function* recentChanges(db: Database, windowMs: number): AsyncGenerator<Invalidation[]> {
  let last = BEFORE_ALL;
  for (;;) {
    const rows = await db.query(FIND_RECENT, [windowMs + TRANSACTION_MS_MAX, last.at, last.id]);
    const newest = new Map<string, bigint>();
    for (const { user_id: userId, revision } of rows) {
      const id = userId ?? MODEL_ID;
      const known = newest.get(id);
      if (known === undefined || known < revision) newest.set(id, revision);
    }
    if (newest.size > 0) yield [...newest].map(([id, version]) => ({ id, version }));
    const end = rows.at(-1);
    if (end === undefined || rows.length < RECENT_MAX) return;
    last = { at: end.changed_at_text, id: end.id };
  }
}
