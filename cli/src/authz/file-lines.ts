import { createReadStream } from 'node:fs';

/** A line of a file, or why it can't be read. Lines are counted from 1. */
export type FileLine = { readonly line: number } & (
  | { readonly text: string }
  | { readonly text: undefined; readonly problem: string }
);

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Reads a file line by line, each on its own: one that is no UTF-8 or has more than `bytesMax` bytes, of which no more are kept,
 * leaves the others as they are. A line ends with LF or CR LF, as JSON Lines and every editor have it, and with nothing else,
 * so that a text in it may hold U+2028. A byte order mark before the first line is none of it.
 */
export async function* readLines(file: string, bytesMax: number): AsyncGenerator<FileLine> {
  let kept: Buffer[] = [];
  let length = 0;
  let line = 0;
  const keep = (bytes: Buffer) => {
    length += bytes.length;
    if (length <= bytesMax + 1) kept.push(bytes);
  };
  const end = (): FileLine => {
    line += 1;
    const read = length > bytesMax + 1 ? undefined : Buffer.concat(kept);
    kept = [];
    length = 0;
    return toLine(line, read, bytesMax);
  };
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, at));
      yield end();
      from = at + 1;
    }
    keep(chunk.subarray(from));
  }
  if (length > 0) yield end();
}

function toLine(line: number, read: Buffer | undefined, bytesMax: number): FileLine {
  const bytes = read?.at(-1) === CARRIAGE_RETURN ? read.subarray(0, -1) : read;
  if (!bytes || bytes.length > bytesMax) {
    return { line, text: undefined, problem: `The line has more than ${bytesMax} bytes.` };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { line, text: line === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text };
  } catch {
    return { line, text: undefined, problem: 'The line is not UTF-8.' };
  }
}
