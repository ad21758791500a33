import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { columnTypes } from './column-types.ts';

const { builtins } = pg.types;
const TIMESTAMPTZ_ARRAY = 1185;
const TEXT_ARRAY = 1009;
const UUID_ARRAY = 2951;
const BOOL_ARRAY = 1000;

const read = (oid: number, text: string): unknown => columnTypes.getTypeParser(oid, 'text')(text);

describe('a timestamptz', () => {
  it.each([
    ['2026-11-20 12:00:00+00', '2026-11-20T12:00:00.000Z'],
    ['2026-11-20 12:00:00.1+00', '2026-11-20T12:00:00.100Z'],
    ['2026-11-20 12:00:00.283999+05:30', '2026-11-20T06:30:00.283Z'],
    ['1880-01-01 00:00:00-00:01:15', '1880-01-01T00:01:15.000Z'],
    ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00.000Z'],
    ['0099-02-28 00:00:00+00', '0099-02-28T00:00:00.000Z'],
    ['0001-12-31 23:00:00+00 BC', '0000-12-31T23:00:00.000Z'],
    ['0045-02-29 00:00:00+00 BC', '-000044-02-29T00:00:00.000Z'],
    ['2024-02-29 23:59:59.999999+00', '2024-02-29T23:59:59.999Z'],
    ['9999-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999Z'],
    ['10000-01-01 00:00:00+00', '+010000-01-01T00:00:00.000Z'],
  ])('is the time that %s says', (text, iso) => {
    expect(read(builtins.TIMESTAMPTZ, text)).toEqual(new Date(iso));
    expect(read(TIMESTAMPTZ_ARRAY, `{"${text}",NULL}`)).toEqual([new Date(iso), null]);
  });
});

describe('what is no value of its type', () => {
  it.each([
    ['timestamptz', builtins.TIMESTAMPTZ, '11/20/2026 12:00:00 UTC'],
    ['timestamptz', builtins.TIMESTAMPTZ, '20.11.2026 12:00:00 CET'],
    ['timestamptz', builtins.TIMESTAMPTZ, 'Fri Nov 20 12:00:00 2026 UTC'],
    ['timestamptz', builtins.TIMESTAMPTZ, '2026-11-20 12:00:00'],
    ['timestamptz', builtins.TIMESTAMPTZ, '2026-11-20 12:00:00 UTC'],
    ['timestamptz', builtins.TIMESTAMPTZ, '2026-11-20'],
    ['timestamptz', builtins.TIMESTAMPTZ, '294276-12-31 00:00:00+00'],
    ['timestamptz', builtins.TIMESTAMPTZ, 'infinity'],
    ['timestamptz', builtins.TIMESTAMPTZ, '-infinity'],
    ['timestamptz', builtins.TIMESTAMPTZ, ''],
    ['boolean', builtins.BOOL, 'true'],
    ['boolean', builtins.BOOL, '0'],
    ['boolean', builtins.BOOL, ''],
    ['integer', builtins.INT4, '7 apples'],
    ['integer', builtins.INT4, ''],
    ['bigint', builtins.INT8, ''],
    ['bigint', builtins.INT8, '0x10'],
    ['double precision', builtins.FLOAT8, ''],
    ['double precision', builtins.FLOAT8, '1,5'],
    ['jsonb', builtins.JSONB, '{"name": secret}'],
    ['bytea', builtins.BYTEA, '\\x0'],
    ['bytea', builtins.BYTEA, '\\xzz'],
    ['bytea', builtins.BYTEA, 'one \\ two'],
    ['timestamptz[]', TIMESTAMPTZ_ARRAY, '{"11/20/2026 12:00:00 UTC"}'],
    ['boolean[]', BOOL_ARRAY, '{t,maybe}'],
    ['text[]', TEXT_ARRAY, ''],
    ['text[]', TEXT_ARRAY, 'a,b'],
    ['uuid[]', UUID_ARRAY, '[]'],
  ])('is an error and not an absence, and is not quoted: %s %i %j', (_type, oid, text) => {
    const reading = () => read(oid, text);
    expect(reading).toThrow(expect.objectContaining({ name: 'UnreadableReply' }));
    expect(reading).not.toThrow('secret');
  });
});

describe('a bytea', () => {
  it.each([
    ['\\x', ''],
    ['\\x00ff', '00ff'],
    ['\\000\\377 a\\\\x', '00ff20615c78'],
    ['', ''],
  ])('is read whatever bytea_output is: %j', (text, hex) => {
    expect(read(builtins.BYTEA, text)).toEqual(Buffer.from(hex, 'hex'));
  });
});
