/** Days of the Gregorian calendar, which holds for all years here, also those before there was one. */
export const SECONDS_PER_DAY = 86_400;

/** Days before the month in a year without a leap day. */
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_PER_400_YEARS = 146_097;
const DAYS_PER_100_YEARS = 36_524;
const DAYS_PER_4_YEARS = 1_461;
const DAYS_PER_YEAR = 365;
/** From 0000-03-01, where years begin for the arithmetic so that a leap day is the last one, to 1970-01-01. */
const EPOCH_DAYS = 719_468;

/** A day; `month` counts from 1, `dayOfYear` from 0. */
export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly dayOfYear: number;
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** How many days the month has; 0 for one that is none. */
export function daysOfMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  if (month < 1 || month > 12) return 0;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 to a day that there is. */
export function daysSinceEpoch(year: number, month: number, day: number): number {
  const yearFromMarch = month > 2 ? year : year - 1;
  const leapDays = Math.floor(yearFromMarch / 4) - Math.floor(yearFromMarch / 100) + Math.floor(yearFromMarch / 400);
  // January and February have 59 days; a leap day is the last of the year before, and is counted above.
  const dayFromMarch = (DAYS_BEFORE[month - 1] ?? 0) + day - 1 - 59 + (month > 2 ? 0 : DAYS_PER_YEAR);
  return yearFromMarch * DAYS_PER_YEAR + leapDays + dayFromMarch - EPOCH_DAYS;
}

/** The day that lies so many days after 1970-01-01. */
export function dayOfEpoch(days: number): CalendarDay {
  const fromMarch = days + EPOCH_DAYS;
  const era = Math.floor(fromMarch / DAYS_PER_400_YEARS);
  const ofEra = fromMarch - era * DAYS_PER_400_YEARS;
  const yearOfEra = Math.floor(
    (ofEra -
      Math.floor(ofEra / (DAYS_PER_4_YEARS - 1)) +
      Math.floor(ofEra / DAYS_PER_100_YEARS) -
      Math.floor(ofEra / (DAYS_PER_400_YEARS - 1))) /
      DAYS_PER_YEAR,
  );
  const dayFromMarch = ofEra - (yearOfEra * DAYS_PER_YEAR + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  // Months from March have 31, 30, 31, 30, 31 days, over and over: 153 days for five of them.
  const monthFromMarch = Math.floor((5 * dayFromMarch + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month > 2 ? 0 : 1);
  const day = dayFromMarch - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const leapDay = month > 2 && isLeapYear(year) ? 1 : 0;
  return { year, month, day, dayOfYear: (DAYS_BEFORE[month - 1] ?? 0) + leapDay + day - 1 };
}
