import { parseCidr } from './condition-environment.ts';
import { type Call, literalOf } from './condition-tree.ts';

/** Most characters of a duration: the library's time to read one grows with the third power of its length. */
const DURATION_CHARACTERS_MAX = 64;
const DURATION = /^[+-]?(?:\d{1,12}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h))+$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const OF_TIME = /^get(?:Date|DayOfMonth|DayOfWeek|DayOfYear|FullYear|Hours|Milliseconds|Minutes|Month|Seconds)$/;

/** Whether the call asks a time for a part of it in a time zone, such as `getHours("Europe/Berlin")`. */
export function isInTimeZone({ name, args }: Call): boolean {
  return OF_TIME.test(name) && args.length > 0;
}

/**
 * What is wrong with what a call was given as text, as a sentence; undefined when nothing is. Ranges, durations, times
 * and zones that are written down are read when the condition is compiled, so that a slip shows then.
 */
export function wrongLiteral(call: Call): string | undefined {
  const { name, args } = call;
  const text = literalOf(args[0]);
  if (name === 'duration') return wrongDuration(text);
  if (text === undefined) return undefined;
  if (name === 'inCidr') return wrongCidr(text);
  if (name === 'timestamp') return wrongTimestamp(text);
  if (isInTimeZone(call)) return wrongTimeZone(text);
  return undefined;
}

function wrongDuration(text: string | undefined): string | undefined {
  if (text === undefined) return 'A duration has to be written down, as duration("90m") is.';
  if (text.length <= DURATION_CHARACTERS_MAX && DURATION.test(text)) return undefined;
  return `Not a duration such as "1h30m": ${text.slice(0, DURATION_CHARACTERS_MAX)}.`;
}

function wrongTimestamp(text: string): string | undefined {
  if (TIMESTAMP.test(text) && Number.isFinite(Date.parse(text))) return undefined;
  return `Not a time such as "2026-03-01T09:00:00Z": ${text}.`;
}

function wrongCidr(text: string): string | undefined {
  try {
    parseCidr(text);
    return undefined;
  } catch (error) {
    return `${(error as Error).message}.`;
  }
}

function wrongTimeZone(text: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: text });
    return undefined;
  } catch {
    return `Not a time zone such as "Europe/Berlin": ${text}.`;
  }
}
