import { UnreadableReply } from './unreadable-reply.ts';

/** A timestamptz in the style ISO: `2026-11-20 12:00:00.123456+05:30`, of the years before our era with ` BC` behind it. */
const TIME = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/;
const MS_DIGITS = 3;

/** Reads a timestamptz to the millisecond. Throws UnreadableReply for anything else, such as infinity. */
export function readTime(text: string): Date {
  const [, year, month, day, hour, minute, second, fraction = '', sign, ...zone] = TIME.exec(text) ?? [];
  const [offsetHours, offsetMinutes = 0, offsetSeconds = 0, isBefore] = zone;
  const ms = fraction.slice(0, MS_DIGITS).padEnd(MS_DIGITS, '0');
  const date = new Date(
    Date.UTC(2000, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), Number(ms)),
  );
  // Date.UTC takes the years 0 to 99 for others. There is no year 0 in history: 1 BC is what ISO 8601 calls 0.
  date.setUTCFullYear(isBefore ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60 + Number(offsetSeconds);
  const time = date.getTime() - (sign === '-' ? -offset : offset) * 1000;
  if (Number.isNaN(new Date(time).getTime())) throw new UnreadableReply('a time');
  return new Date(time);
}
