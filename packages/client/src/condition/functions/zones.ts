/** How far the clocks of a place are ahead of UTC. */
export interface Zone {
  /** Seconds to be added to a time, in seconds since 1970. */
  offsetAt(seconds: number): number;
}

/** Hours and minutes, with a sign or, as cel-spec has it too, without. */
const FIXED = /^([+-]?)([01]\d|2[0-3]):([0-5]\d)$/;
/** A name as the IANA gives them. What the host would take beyond (`+01`) depends on its version. */
const NAMED = /^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/;
/** `1874, GMT-00:43:08`. */
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;

/** Most zones that are kept ready; each takes about 50 KB. There are some 600 names. */
const ZONES_MAX = 256;
/** Most quarters of an hour whose offset a zone remembers: ten days. */
const QUARTERS_MAX = 1_024;
const QUARTER_SECONDS = 900;

const UTC: Zone = { offsetAt: () => 0 };
const zones = new Map<string, Zone>();

/** Whether the zone is UTC or so many hours and minutes from it, which takes no looking up. */
export function isFixedZone(text: string): boolean {
  return text === '' || text === 'UTC' || FIXED.test(text);
}

/** `Europe/Berlin`, `UTC`, `-08:00`; undefined for what is no zone. Never one that depends on where the process runs. */
export function findZone(text: string): Zone | undefined {
  if (text === '' || text === 'UTC') return UTC;
  const fixed = FIXED.exec(text);
  if (fixed) return fixedZone(fixed);
  if (!NAMED.test(text)) return undefined;
  // Hosts take names in any letters; one entry for all of them keeps their number bounded.
  const name = text.toLowerCase();
  const known = zones.get(name);
  if (known) return known;
  const zone = namedZone(text);
  if (zone === undefined) return undefined;
  if (zones.size >= ZONES_MAX) zones.delete(zones.keys().next().value ?? '');
  zones.set(name, zone);
  return zone;
}

function fixedZone([, sign, hours, minutes]: RegExpExecArray): Zone {
  const size = Number(hours) * 3_600 + Number(minutes) * 60;
  const offset = sign === '-' ? -size : size;
  return { offsetAt: () => offset };
}

function namedZone(timeZone: string): Zone | undefined {
  const format = formatOf(timeZone);
  if (format === undefined) return undefined;
  const quarters = new Map<number, Quarter>();
  return {
    offsetAt(seconds) {
      const number = Math.floor(seconds / QUARTER_SECONDS);
      const known = quarters.get(number);
      if (known === undefined) {
        const offset = askOffset(format, seconds);
        if (quarters.size >= QUARTERS_MAX) quarters.delete(quarters.keys().next().value ?? 0);
        quarters.set(number, { offset, from: seconds, until: seconds });
        return offset;
      }
      if (seconds >= known.from && seconds <= known.until) return known.offset;
      return widened(known, format, number * QUARTER_SECONDS, seconds);
    },
  };
}

/** Seconds of a quarter of an hour in which the offset is known to be one and the same. */
interface Quarter {
  readonly offset: number;
  from: number;
  until: number;
}

/**
 * The offset at a second of the quarter that is not known yet. Clocks change within a quarter as well (at 03:31 UTC in
 * St. John's, at any second before there were zones), so that one is known whole only when both its ends agree. Asks the
 * host once for a call, but in the rare quarter where they don't.
 */
function widened(known: Quarter, format: Intl.DateTimeFormat, start: number, seconds: number): number {
  const isLater = seconds > known.until;
  const end = isLater ? start + QUARTER_SECONDS - 1 : start;
  if (askOffset(format, end) !== known.offset) return askOffset(format, seconds);
  if (isLater) known.until = end;
  else known.from = end;
  return known.offset;
}

/** Undefined for a name that the host does not know. */
function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
}

function askOffset(format: Intl.DateTimeFormat, seconds: number): number {
  const [, sign, hours = '0', minutes = '0', rest = '0'] = OFFSET.exec(format.format(seconds * 1_000)) ?? [];
  const size = Number(hours) * 3_600 + Number(minutes) * 60 + Number(rest);
  return sign === '-' ? -size : size;
}
