import { type FieldReader, shown } from './fields.ts';
import { parseTime } from './parse-time.ts';
import type { Value } from './read-yaml.ts';

/** Unix time in milliseconds. */
export function readTime(reader: FieldReader, value: Value | undefined, what: string): number | undefined {
  const text = reader.text(value, what);
  if (text === undefined) return undefined;
  const ms = parseTime(text);
  if (ms !== undefined) return ms;
  const message = `${what} is a time with its zone, such as 2026-03-01T09:00:00Z, not ${shown(text)}.`;
  reader.problems.add(value?.at ?? 0, 'WRONG_VALUE', message);
  return undefined;
}
