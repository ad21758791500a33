/** The first day of a month in UTC, such as `2026-11-01`. Months sort as texts do. */
export type Month = `${number}-${number}-01`;

/** The month in which a time lies. */
export function monthOf(time: Date): Month {
  return time.toISOString().replace(/-\d\dT.*$/, '-01') as Month;
}

/** The month that lies `count` months after another one, or before it if `count` is negative. */
export function addMonths(month: Month, count: number): Month {
  const time = new Date(month);
  time.setUTCMonth(time.getUTCMonth() + count);
  return monthOf(time);
}
