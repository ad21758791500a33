import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Database, statement } from '../src/index.ts';
import { openScratch, runOnce } from './scratch-database.ts';
import { useScratch } from './use-scratch.ts';

const used = useScratch();

interface Spoken {
  at: Date;
  ats: Date[];
  gone: Date | null;
  lasts: string;
  text: string;
  bytes: Buffer;
  half: number;
  day: string;
}

/** Everything whose form depends on a setting. 2026-03-04 and not the 25th: day and month can be taken for each other. */
const speak = statement<Spoken>(
  'test.speak',
  String.raw`select '2026-03-04 23:30:00.5+00'::timestamptz as at, array['2026-03-04 23:30:00+00'::timestamptz] as ats,
     null::timestamptz as gone, ('1 day 02:03:04'::interval)::text as lasts, 'a\b € 🦉' as text, '\x00ff5c'::bytea as bytes,
     0.5::float8 as half, ('2026-03-04 23:30:00+00'::timestamptz)::date::text as day`,
);

const SPOKEN: Spoken = {
  at: new Date('2026-03-04T23:30:00.500Z'),
  ats: [new Date('2026-03-04T23:30:00Z')],
  gone: null,
  lasts: '1 day 02:03:04',
  text: 'a\\b € 🦉',
  bytes: Buffer.from([0, 255, 0x5c]),
  half: 0.5,
  day: '2026-03-04',
};

const OTHERWISE = [
  ["datestyle = 'SQL, DMY'", "timezone = 'Asia/Kolkata'"],
  ["datestyle = 'German'", "timezone = 'America/St_Johns'"],
  ["datestyle = 'Postgres, MDY'", "intervalstyle = 'iso_8601'"],
  ["intervalstyle = 'sql_standard'", "bytea_output = 'escape'"],
  ["client_encoding = 'LATIN1'", 'standard_conforming_strings = off', 'escape_string_warning = off'],
];

async function expectSpoken(db: Database): Promise<void> {
  try {
    expect(await db.query(speak)).toEqual([SPOKEN]);
    expect(await db.transaction((tx) => tx.query(speak))).toEqual([SPOKEN]);
  } finally {
    await db.close();
  }
}

describe('values are understood', () => {
  it.each(OTHERWISE)('where the database has %s', async (...settings) => {
    const { url } = used;
    const name = new URL(url).pathname.slice(1);
    for (const setting of settings) await runOnce(url, `alter database ${name} set ${setting}`);
    await expectSpoken(openScratch(url));
  });

  it.each(OTHERWISE)('where the role has %s', async (...settings) => {
    const role = `gatehouse_scratch_${randomBytes(6).toString('hex')}`;
    const password = randomBytes(12).toString('hex');
    await runOnce(used.url, `create role ${role} login password '${password}'`);
    try {
      for (const setting of settings) await runOnce(used.url, `alter role ${role} set ${setting}`);
      const url = new URL(used.url);
      url.username = role;
      url.password = password;
      await expectSpoken(openScratch(url.href));
    } finally {
      await runOnce(used.url, `drop role ${role}`);
    }
  });

  it('where the options of the URL ask for others', async () => {
    const url = new URL(used.url);
    url.searchParams.set('options', '-c datestyle=German -c timezone=Asia/Tokyo -c intervalstyle=iso_8601');
    await expectSpoken(openScratch(url.href));
  });
});

describe('a connection that comes to speak otherwise', () => {
  it.each(["datestyle = 'German'", "timezone = 'Asia/Tokyo'", "client_encoding = 'LATIN1'"])(
    'is given up: %s',
    async (setting) => {
      const db = openScratch(used.url, { maxConnections: 1 });
      const change = statement(`test.set-${setting.split(' ')[0]?.replace('_', '-')}`, `set ${setting}`);
      await db.query(change).catch(() => {});
      await expectSpoken(db);
    },
  );
});

describe('a reply that can not be understood', () => {
  const unreadable = statement<{ revoked_at: Date | null }>(
    'test.unreadable',
    `select 'infinity'::timestamptz as revoked_at`,
  );

  it('is never taken for an absent value', async () => {
    const db = openScratch(used.url);
    try {
      const unavailable = { kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' };
      await expect(db.query(unreadable)).rejects.toMatchObject(unavailable);
      await expect(db.transaction((tx) => tx.query(unreadable))).rejects.toMatchObject(unavailable);
      await expect(db.query(speak)).resolves.toEqual([SPOKEN]);
    } finally {
      await db.close();
    }
  });

  it('leaves a transaction undone', async () => {
    await runOnce(used.url, 'create table if not exists public.notes (note text not null)');
    const insert = statement('test.insert-note', `insert into public.notes (note) values ('kept?')`);
    const count = statement<{ count: number }>('test.count-notes', 'select count(*)::int as count from public.notes');
    const db = openScratch(used.url);
    try {
      const work = db.transaction(async (tx) => {
        await tx.query(insert);
        await tx.query(unreadable).catch(() => {});
      });
      await expect(work).rejects.toMatchObject({ kind: 'unavailable' });
      await expect(db.query(count)).resolves.toEqual([{ count: 0 }]);
    } finally {
      await db.close();
    }
  });
});
