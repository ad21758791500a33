/** Rows that one statement writes: few enough to be done well within the time that a statement has. */
const CHUNK_ROWS = 5_000;

/** Calls `write` with a part of the rows at a time, in order. */
export async function inChunks<Row>(
  rows: readonly Row[],
  write: (chunk: readonly Row[]) => Promise<unknown>,
  size = CHUNK_ROWS,
): Promise<void> {
  for (let from = 0; from < rows.length; from += size) await write(rows.slice(from, from + size));
}
