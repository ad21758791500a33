import pg from 'pg';
import { readTime } from './read-time.ts';
import { UnreadableReply } from './unreadable-reply.ts';

type Reader = (text: string) => unknown;

const {
  BOOL,
  BYTEA,
  DATE,
  FLOAT4,
  FLOAT8,
  INT2,
  INT4,
  INT8,
  JSON: JSON_TYPE,
  JSONB,
  OID,
  TIMESTAMP,
  TIMESTAMPTZ,
} = pg.types.builtins;

/** Array types have no names in pg; these are their numbers in the catalog. */
const TEXT_ARRAY: number = 1009;
const VARCHAR_ARRAY = 1015;
const INET_ARRAY = 1041;
const UUID_ARRAY = 2951;
const BOOL_ARRAY = 1000;
const BYTEA_ARRAY = 1001;
const INT2_ARRAY = 1005;
const INT4_ARRAY = 1007;
const BIGINT_ARRAY = 1016;
const FLOAT4_ARRAY = 1021;
const FLOAT8_ARRAY = 1022;
const TIMESTAMP_ARRAY = 1115;
const DATE_ARRAY = 1182;
const TIMESTAMPTZ_ARRAY = 1185;

const asText = (text: string) => text;
const readItems: (text: string) => (string | null)[] = pg.types.getTypeParser(TEXT_ARRAY, 'text');

/** Where pg would make something else of a column, or nothing at all of a text that it does not understand. */
const readers = new Map<number, Reader>([
  [BOOL, readBoolean],
  [BYTEA, readBytes],
  [INT2, readInteger],
  [INT4, readInteger],
  [INT8, readBigint],
  [OID, readInteger],
  [FLOAT4, readFloat],
  [FLOAT8, readFloat],
  [DATE, asText],
  [TIMESTAMP, asText],
  [TIMESTAMPTZ, readTime],
  [JSON_TYPE, readJson],
  [JSONB, readJson],
  [BOOL_ARRAY, arrayOf(readBoolean)],
  [BYTEA_ARRAY, arrayOf(readBytes)],
  [INT2_ARRAY, arrayOf(readInteger)],
  [INT4_ARRAY, arrayOf(readInteger)],
  [BIGINT_ARRAY, arrayOf(readBigint)],
  [FLOAT4_ARRAY, arrayOf(readFloat)],
  [FLOAT8_ARRAY, arrayOf(readFloat)],
  [TEXT_ARRAY, arrayOf(asText)],
  [VARCHAR_ARRAY, arrayOf(asText)],
  [INET_ARRAY, arrayOf(asText)],
  [UUID_ARRAY, arrayOf(asText)],
  [DATE_ARRAY, arrayOf(asText)],
  [TIMESTAMP_ARRAY, arrayOf(asText)],
  [TIMESTAMPTZ_ARRAY, arrayOf(readTime)],
]);

/**
 * How columns become JavaScript values: bigint as bigint, timestamptz as Date, bytea as Buffer, json as its value, uuid
 * and numeric as string. date and timestamp are strings too, because a Date would give them a time zone. What can't be
 * understood throws UnreadableReply: pg would make null of a time in another style, and a session that was revoked then
 * would be one that was not.
 */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : readers.get(oid)) ?? pg.types.getTypeParser(oid, format),
};

function readBoolean(text: string): boolean {
  if (text !== 't' && text !== 'f') throw new UnreadableReply('a boolean');
  return text === 't';
}

function readInteger(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new UnreadableReply('an integer');
  return Number(text);
}

function readBigint(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw new UnreadableReply('a bigint');
  return BigInt(text);
}

function readFloat(text: string): number {
  const number = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(number) && text !== 'NaN') throw new UnreadableReply('a number');
  return number;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error quotes the text, which may be about people.
    throw new UnreadableReply('JSON');
  }
}

/** Whichever bytea_output is set: `\x00ff`, or the bytes themselves, with a backslash before what is not printable. */
function readBytes(text: string): Buffer {
  const isHex = text.startsWith('\\x');
  // A backslash that stands alone is where pg's parser never gets past.
  if (!isHex && !ESCAPED_BYTES.test(text)) throw new UnreadableReply('a bytea');
  const bytes = readBytesOfPg(text);
  if (isHex && bytes.length * 2 + 2 !== text.length) throw new UnreadableReply('a bytea');
  return bytes;
}

const ESCAPED_BYTES = /^(?:[ -[\]-~]|\\\\|\\[0-3][0-7]{2})*$/;
const readBytesOfPg: (text: string) => Buffer = pg.types.getTypeParser(BYTEA, 'text');

function arrayOf(read: Reader): Reader {
  return (text) => {
    // pg finds no items in a text that is no array.
    if (!text.startsWith('{') || !text.endsWith('}')) throw new UnreadableReply('an array');
    return readItems(text).map((item) => (item === null ? null : read(item)));
  };
}
