import { openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { startPostgres, startStandby, startTcpProxy, waitFor } from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { expect, it } from 'vitest';

let count = 0;

describeWith('postgres', 'a standby', () => {
  it('follows its primary until they are cut apart, and takes writes once it is promoted', async () => {
    await using primary = await startPostgres();
    await using link = await startTcpProxy({ target: { port: primary.port } });
    await run(primary.adminUrl, 'create table notes (text text)');
    await using standby = await startStandby(primary, { primaryPort: link.port });
    await run(primary.adminUrl, `insert into notes values ('first')`);
    await waitFor(async () => (await notes(standby.adminUrl)).length === 1);
    await expect(run(standby.adminUrl, `insert into notes values ('refused')`)).rejects.toMatchObject({
      kind: 'unavailable',
    });
    link.stall();
    await run(primary.adminUrl, `insert into notes values ('lost')`);
    await primary.kill();
    await standby.promote();
    await run(standby.adminUrl, `insert into notes values ('second')`);
    expect(await notes(standby.adminUrl)).toEqual(['first', 'second']);
    expect(standby.running).toBe(true);
  });
});

async function notes(url: string): Promise<string[]> {
  return (await run<{ text: string }>(url, 'select text from notes order by text')).map(({ text }) => text);
}

async function run<Row extends object>(url: string, text: string): Promise<Row[]> {
  const db = openDatabase({ url, applicationName: 'standby', maxConnections: 1, logger: silentLogger });
  count += 1;
  try {
    return await db.query(statement<Row>(`standby-test.statement-${count}`, text));
  } finally {
    await db.close();
  }
}
