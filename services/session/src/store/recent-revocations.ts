import type { Invalidation } from '@gatehouse/mesh';
import { type Database, statement } from '@gatehouse/postgres';

interface RevokedRow {
  id: string;
  version: bigint;
  revoked_reason: string;
  /** As text, because a Date would lose the microseconds and with them the place in the order. */
  revoked_at_text: string;
}

/** Most revocations that are read at once; when there are more, the next page follows. */
const RECENT_MAX = 1_000;
const BEFORE_ALL = { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

const FIND_RECENT = statement<RevokedRow>(
  'session.find-recent-revocations',
  `select id, version, revoked_reason, revoked_at::text as revoked_at_text from session.sessions
   where revoked_at > now() - $1::double precision * interval '1 millisecond'
     and (revoked_at, id) > ($2::timestamptz, $3::uuid)
   order by revoked_at, id limit ${RECENT_MAX}`,
);

/** What was revoked in the last `windowMs` milliseconds by the clock of the database, oldest first, page by page. */
export async function* recentRevocations(db: Database, windowMs: number): AsyncGenerator<Invalidation[]> {
  let last = BEFORE_ALL;
  for (;;) {
    const rows = await db.query(FIND_RECENT, [windowMs, last.at, last.id]);
    if (rows.length > 0) yield rows.map(({ id, version, revoked_reason: gone }) => ({ id, version, gone }));
    const end = rows.at(-1);
    if (end === undefined || rows.length < RECENT_MAX) return;
    last = { at: end.revoked_at_text, id: end.id };
  }
}
