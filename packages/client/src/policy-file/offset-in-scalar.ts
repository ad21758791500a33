import type { Offset } from './problem.ts';
import type { ScalarValue } from './read-yaml.ts';

/**
 * Where in the file a character of a text stands. Where quotes, escapes or folded lines make that unclear, where the
 * text begins.
 */
export function offsetInScalar({ at, value, raw, style }: ScalarValue, offset: number): Offset {
  const text = String(value);
  if (raw === text) return at + offset;
  if ((style === 'QUOTE_SINGLE' || style === 'QUOTE_DOUBLE') && raw.slice(1, -1) === text) return at + 1 + offset;
  if (style !== 'BLOCK_LITERAL') return at;
  const before = text.slice(0, offset).split('\n');
  // The first line of a block is its header, `|`.
  const lines = raw.split('\n');
  const line = lines[before.length];
  const content = text.split('\n')[before.length - 1];
  if (line === undefined || content === undefined || !line.endsWith(content)) return at;
  const start = lines.slice(0, before.length).reduce((sum, each) => sum + each.length + 1, 0);
  return at + start + (line.length - content.length) + (before.at(-1)?.length ?? 0);
}
