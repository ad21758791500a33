import { type FieldReader, shown } from './fields.ts';
import type { Value } from './read-yaml.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Unix time in milliseconds. */
export function readTime(reader: FieldReader, value: Value | undefined, what: string): number | undefined {
  const text = reader.text(value, what);
  if (text === undefined) return undefined;
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  const message = `${what} is a time with its zone, such as 2026-03-01T09:00:00Z, not ${shown(text)}.`;
  reader.problems.add(value?.at ?? 0, 'WRONG_VALUE', message);
  return undefined;
}
