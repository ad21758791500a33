import { openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { Event } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { TestDatabase } from './test-database.ts';

/** The audit events that wait in a service's outbox, oldest first. */
export async function outboxEvents({
  name,
  database,
}: {
  readonly name: string;
  readonly database: TestDatabase;
}): Promise<Event[]> {
  const db = openDatabase({
    url: database.adminUrl,
    applicationName: 'outbox-events',
    maxConnections: 1,
    logger: silentLogger,
  });
  try {
    const rows = await db.query(
      statement<{ payload: Buffer }>(`${name}.read-outbox`, `select payload from ${name}.outbox order by id`),
    );
    return rows.map(({ payload }) => Event.decode(payload));
  } finally {
    await db.close();
  }
}
