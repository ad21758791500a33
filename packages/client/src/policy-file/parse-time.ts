const TIME =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)T(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.\d{1,9})?)?(?:Z|[+-](?<zoneHour>\d\d):(?<zoneMinute>\d\d))$/;
/** What a google.protobuf.Timestamp can hold. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * A time of RFC 3339, of which the seconds may be left out, as Unix milliseconds; what is finer is cut off. undefined: it is none,
 * such as one on a day that its month does not have, or has no zone, or lies outside of the years 1 to 9999.
 */
export function parseTime(text: string): number | undefined {
  const parts = TIME.exec(text)?.groups;
  if (!parts) return undefined;
  const of = (name: string) => Number(parts[name] ?? 0);
  const isDay = of('month') >= 1 && of('month') <= 12 && of('day') >= 1 && of('day') <= daysIn(of('year'), of('month'));
  // Midnight is where a day begins, and no time of ours has a leap second.
  const isClock = of('hour') < 24 && of('minute') < 60 && of('second') < 60;
  const isZone = of('zoneHour') < 24 && of('zoneMinute') < 60;
  if (!isDay || !isClock || !isZone) return undefined;
  const ms = Date.parse(text);
  return ms >= FIRST_MS && ms <= LAST_MS ? ms : undefined;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
