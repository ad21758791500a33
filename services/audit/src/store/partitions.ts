import { type Queryable, statement } from '@gatehouse/postgres';
import type { Month } from '../domain/month.ts';

const CREATE = statement<{ created: boolean }>(
  'audit.create-month-partition',
  'select audit.create_month_partition($1::date) as created',
);
const FIND_OLDEST = statement<{ oldest: Month | null }>(
  'audit.find-oldest-month',
  `select min(to_date(right(c.relname, 7), 'YYYY_MM')) as oldest
   from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
   where i.inhparent = 'audit.security_audit_log'::regclass`,
);

/** Makes the partition of a month, and says whether it was missing. Throws for a month that is far from the present. */
export async function createMonth(db: Queryable, month: Month): Promise<boolean> {
  const [row] = await db.query(CREATE, [month]);
  return row?.created === true;
}

/** The oldest month of which events are kept; undefined: none. */
export async function findOldestMonth(db: Queryable): Promise<Month | undefined> {
  const [row] = await db.query(FIND_OLDEST);
  return row?.oldest ?? undefined;
}
