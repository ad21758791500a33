import type { Readable } from 'node:stream';

/** The text that a stream has carried so far, as far as it was kept. */
export interface BoundedText {
  readonly text: string;
  /** Whether something was dropped. */
  readonly cut: boolean;
}

/** Collects the text of a stream, and keeps its `end` or its `start` when it is longer than `maxLength` characters. */
export function collectText(stream: Readable, maxLength: number, keep: 'start' | 'end'): BoundedText {
  const collected = { text: '', cut: false };
  stream.setEncoding('utf8').on('data', (piece: string) => {
    const all = collected.text + piece;
    collected.cut ||= all.length > maxLength;
    collected.text = keep === 'start' ? all.slice(0, maxLength) : all.slice(-maxLength);
  });
  return collected;
}
