export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A list of headers as each connection sends it (HPACK, RFC 7541). */
export interface HeaderBlocks {
  /** For the first request: the headers themselves, with the word to remember them. */
  readonly first: Buffer;
  /** For every later one: where they are remembered. */
  readonly later: Buffer;
}

/** Literal header field with incremental indexing, new name (section 6.2.1). */
const LITERAL_REMEMBERED = 0x40;
/** Indexed header field (section 6.1). */
const INDEXED = 0x80;
/** The remembered headers follow the static table (section 2.3.3), the latest first. */
const FIRST_INDEX = 62;
/** The longest string, and the highest index, whose number fits in the prefix of 7 bits (section 5.1). */
const PREFIX_MAX = 126;

/** Encodes headers that every request of a connection has alike, as a real client would: by a byte each, after the first. */
export function headerBlocks(headers: HeaderList): HeaderBlocks {
  const last = FIRST_INDEX + headers.length - 1;
  if (last > PREFIX_MAX) throw new RangeError(`At most ${PREFIX_MAX - FIRST_INDEX + 1} headers are encoded.`);
  return {
    first: Buffer.concat(
      headers.flatMap(([name, value]) => [Buffer.of(LITERAL_REMEMBERED), literal(name), literal(value)]),
    ),
    later: Buffer.from(headers.map((_, index) => INDEXED | (last - index))),
  };
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length > PREFIX_MAX) throw new RangeError(`At most ${PREFIX_MAX} characters are encoded: ${text}`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}
