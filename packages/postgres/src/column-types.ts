import pg from 'pg';

/** Array types have no names in pg; these are their numbers in the catalog. */
const BIGINT_ARRAY = 1016;
const DATE_ARRAY = 1182;
const TIMESTAMP_ARRAY = 1115;
const TEXT_ARRAY: number = 1009;

const asText = (text: string) => text;
const asTexts: (text: string) => (string | null)[] = pg.types.getTypeParser(TEXT_ARRAY, 'text');

/** Where columns become something else than pg would make of them. */
const parsers = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, BigInt],
  [BIGINT_ARRAY, (text) => asTexts(text).map((item) => (item === null ? null : BigInt(item)))],
  [pg.types.builtins.DATE, asText],
  [DATE_ARRAY, asTexts],
  [pg.types.builtins.TIMESTAMP, asText],
  [TIMESTAMP_ARRAY, asTexts],
]);

/**
 * How columns become JavaScript values: bigint as bigint, timestamptz as Date, bytea as Buffer, json as its value, uuid
 * and numeric as string. date and timestamp are strings too, because a Date would give them a time zone.
 */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : parsers.get(oid)) ?? pg.types.getTypeParser(oid, format),
};
