import { openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { Event } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { PATIENT } from './patience.ts';
import { stopIfOver } from './running-test.ts';
import type { TestDatabase } from './test-database.ts';

/** The audit events that wait in a service's outbox, oldest first; those that hold a text, such as a request id, if it is given. */
export async function outboxEvents(
  { name, database }: { readonly name: string; readonly database: TestDatabase },
  holding = '',
): Promise<Event[]> {
  stopIfOver();
  const db = openDatabase({
    url: database.adminUrl,
    applicationName: 'outbox-events',
    maxConnections: 1,
    ...PATIENT,
    logger: silentLogger,
  });
  try {
    const rows = await db.query(
      statement<{ payload: Buffer }>(
        `${name}.read-outbox`,
        `select payload from ${name}.outbox where position($1::bytea in payload) > 0 or length($1::bytea) = 0 order by id`,
      ),
      [Buffer.from(holding)],
    );
    return rows.map(({ payload }) => Event.decode(payload));
  } finally {
    await db.close();
  }
}
