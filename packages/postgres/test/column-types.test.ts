import { randomUUID } from 'node:crypto';
import { uuidv7 } from '@gatehouse/process';
import { describe, expect, it } from 'vitest';
import { statement } from '../src/index.ts';
import { useScratch } from './use-scratch.ts';

const used = useScratch();

describe('values', () => {
  it.each([
    ['bigint', '9007199254740993::bigint', 9007199254740993n],
    ['bigint[]', "'{1,null,9007199254740993}'::bigint[]", [1n, null, 9007199254740993n]],
    ['integer', '7', 7],
    ['timestamptz', "'2026-11-20 12:00:00.123+02'::timestamptz", new Date('2026-11-20T10:00:00.123Z')],
    ['date', "'2026-11-20'::date", '2026-11-20'],
    ['timestamp', "'2026-11-20 12:00:00'::timestamp", '2026-11-20 12:00:00'],
    ['bytea', "'\\x00ff'::bytea", Buffer.from([0, 255])],
    ['uuid', "'01936e3a-0000-7000-8000-000000000000'::uuid", '01936e3a-0000-7000-8000-000000000000'],
    ['uuid[]', "'{01936e3a-0000-7000-8000-000000000000}'::uuid[]", ['01936e3a-0000-7000-8000-000000000000']],
    ['numeric', '1.50::numeric', '1.50'],
    ['jsonb', `'{"a":[1]}'::jsonb`, { a: [1] }],
    ['text[]', `'{a,"b,c"}'::text[]`, ['a', 'b,c']],
    ['null', 'null::bigint', null],
  ])('%s columns', async (name, expression, value) => {
    const select = statement<{ value: unknown }>(
      `test.value-${name.replace('[]', '-array')}`,
      `select ${expression} as value`,
    );
    expect(await used.db.query(select)).toEqual([{ value }]);
  });

  it.each([
    ['bigint', 2n ** 62n],
    ['timestamptz', new Date('2026-11-20T10:00:00.123Z')],
    ['bytea', Buffer.from('\x00binary')],
    ['uuid', uuidv7()],
    ['uuid[]', [uuidv7(), randomUUID()]],
    ['bigint[]', [1n, 2n]],
    ['text', "it's; --"],
    ['boolean', false],
  ])('%s parameters come back as they went', async (type, value) => {
    const echo = statement<{ value: unknown }>(
      `test.echo-${type.replace('[]', '-array')}`,
      `select $1::${type} as value`,
    );
    expect(await used.db.query(echo, [value])).toEqual([{ value }]);
  });
});
