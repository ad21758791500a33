import type { Overload } from '../overload.ts';
import { type Duration, Failed, type Timestamp, type Value } from '../values.ts';
import { type CalendarDay, dayOfEpoch, SECONDS_PER_DAY } from './calendar.ts';
import { failedOn, problemOf } from './failures.ts';
import { findZone, isFixedZone, type Zone } from './zones.ts';

/** What a zone costs that needs no looking up. */
const FIXED_ZONE_STEPS = 20;
/** What one costs that is written down: the host is asked once more where the quarter of an hour is not known yet. */
const ZONE_STEPS = 40;
/**
 * What one costs that comes with the question. Most are known already, but the cost may not hang on what this process
 * happens to remember.
 */
const ASKED_ZONE_STEPS = 1_000;

const NANOS_PER_MS = 1_000_000;
const NANOS_PER_SECOND = 1_000_000_000n;
const EPOCH_WEEKDAY = 4;
const DAYS_PER_WEEK = 7;

/** The numbers that fields are, made once: years alone are larger. */
const SMALL = Array.from({ length: 1_000 }, (_, value) => BigInt(value));

/** A part of a time. `seconds` are those since 1970 by the clock of the place. */
type Field = (seconds: number, nanos: number) => number;

const FIELDS: readonly (readonly [name: string, field: Field])[] = [
  ['getFullYear', (seconds) => dayOf(seconds).year],
  ['getMonth', (seconds) => dayOf(seconds).month - 1],
  ['getDate', (seconds) => dayOf(seconds).day],
  ['getDayOfMonth', (seconds) => dayOf(seconds).day - 1],
  ['getDayOfYear', (seconds) => dayOf(seconds).dayOfYear],
  ['getDayOfWeek', (seconds) => modulo(Math.floor(seconds / SECONDS_PER_DAY) + EPOCH_WEEKDAY, DAYS_PER_WEEK)],
  ['getHours', (seconds) => Math.floor(modulo(seconds, SECONDS_PER_DAY) / 3_600)],
  ['getMinutes', (seconds) => Math.floor(modulo(seconds, 3_600) / 60)],
  ['getSeconds', (seconds) => modulo(seconds, 60)],
  ['getMilliseconds', (_seconds, nanos) => Math.floor(nanos / NANOS_PER_MS)],
];

/** The whole of a duration in a unit; of milliseconds, as cel-spec has it, what is left beside the whole seconds. */
const SPANS: readonly (readonly [name: string, span: (nanos: bigint) => bigint])[] = [
  ['getHours', (nanos) => nanos / (3_600n * NANOS_PER_SECOND)],
  ['getMinutes', (nanos) => nanos / (60n * NANOS_PER_SECOND)],
  ['getSeconds', (nanos) => nanos / NANOS_PER_SECOND],
  ['getMilliseconds', (nanos) => (nanos % NANOS_PER_SECOND) / BigInt(NANOS_PER_MS)],
];

/** The parts of times, in UTC or in a zone, and of durations. */
export const TIME_FUNCTIONS: readonly Overload[] = [
  ...FIELDS.flatMap(([name, field]) => [inUtc(name, field), inZone(name, field)]),
  ...SPANS.map(
    ([name, span]): Overload => ({
      name,
      isMethod: true,
      parameters: ['duration'],
      result: 'int',
      call: ({ nanos }: Duration) => span(nanos),
    }),
  ),
];

function inUtc(name: string, field: Field): Overload {
  const call = ({ seconds, nanos }: Timestamp) => toInt(field(seconds, nanos));
  return { name, isMethod: true, parameters: ['timestamp'], result: 'int', call };
}

function inZone(name: string, field: Field): Overload {
  return {
    name,
    isMethod: true,
    parameters: ['timestamp', 'string'],
    result: 'int',
    cost: (_time: Timestamp, text: string) => stepsOf(text, ASKED_ZONE_STEPS),
    call: (time: Timestamp, text: string) => {
      const zone = readZone(text);
      return zone instanceof Failed ? zone : fieldAt(time, zone, field);
    },
    checkLiteral: (index, value) => (index === 1 && typeof value === 'string' ? problemOf(readZone(value)) : undefined),
    prepare: ([, text]) => {
      if (typeof text !== 'string') return undefined;
      const zone = readZone(text);
      if (zone instanceof Failed) return undefined;
      const steps = stepsOf(text, ZONE_STEPS);
      return { cost: () => steps, call: (time: Timestamp) => fieldAt(time, zone, field) };
    },
  };
}

function stepsOf(zone: string, named: number): number {
  return isFixedZone(zone) ? FIXED_ZONE_STEPS : named;
}

function fieldAt({ seconds, nanos }: Timestamp, zone: Zone, field: Field): Value {
  return toInt(field(seconds + zone.offsetAt(seconds), nanos));
}

function readZone(text: string): Zone | Failed {
  return findZone(text) ?? failedOn('Not a time zone such as "Europe/Berlin"', text);
}

function dayOf(seconds: number): CalendarDay {
  return dayOfEpoch(Math.floor(seconds / SECONDS_PER_DAY));
}

/** What is left of a division, at least 0 also before 1970. */
function modulo(value: number, by: number): number {
  const rest = value % by;
  return rest < 0 ? rest + by : rest;
}

function toInt(value: number): bigint {
  return SMALL[value] ?? BigInt(value);
}
