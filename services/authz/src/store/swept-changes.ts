import { statement, type Transaction } from '@gatehouse/postgres';

// Only of transactions before all that are running: of a later one, what comes before it in the log may be yet to come.
const DELETE = statement<{ xid: string }>(
  'authz.delete-old-changes',
  `with oldest as (
     select c.ctid, c.changed_at from authz.changes c
     where c.xid < pg_snapshot_xmin(pg_current_snapshot()) order by c.xid, c.id limit $2::int)
   delete from authz.changes where ctid = any(array(
     select ctid from oldest where changed_at < statement_timestamp() - make_interval(hours => $1::int)))
   returning xid::text as xid`,
);
const NOTE = statement(
  'authz.note-swept-changes',
  'update authz.changes_swept set through_xid = greatest(through_xid, $1::xid8)',
);

/**
 * Removes changes that are older than so many hours, at most `limit` of them, and notes how far the log has been swept, so
 * that nobody takes what is left for all there was. Returns how many.
 */
export async function deleteOldChanges(tx: Transaction, hours: number, limit: number): Promise<number> {
  const deleted = await tx.query(DELETE, [hours, limit]);
  if (deleted.length > 0) {
    const newest = deleted.map(({ xid }) => BigInt(xid)).reduce((a, b) => (a > b ? a : b));
    await tx.query(NOTE, [newest]);
  }
  return deleted.length;
}
