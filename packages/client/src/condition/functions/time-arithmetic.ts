import { Duration, Failed, Timestamp } from '../values.ts';

const NANOS_PER_SECOND = 1_000_000_000;
const NANOS = BigInt(NANOS_PER_SECOND);
const NANOS_PER_MS = 1_000_000;
const MS_PER_SECOND = 1_000;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
const SECONDS_MIN = -62_135_596_800;
const SECONDS_MAX = 253_402_300_799;
const DURATION_NANOS_MAX = 315_576_000_000n * NANOS;
/** Two times are subtracted in 64 bits of nanoseconds: 292 years. cel-spec's own tests hold what is further apart for an error. */
const BETWEEN_NANOS_MAX = 2n ** 63n - 1n;
const BETWEEN_NANOS_MIN = -(2n ** 63n);

const NO_TIME = new Failed('A time lies between the years 1 and 9999');
const NO_DURATION = new Failed('A duration is at most 315576000000 seconds long');
const TOO_FAR_APART = new Failed('The times are more than 292 years apart');

/** `nanos` from 0 to 999,999,999 are added to `seconds`. */
export function toTimestamp(seconds: number, nanos: number): Timestamp | Failed {
  return seconds >= SECONDS_MIN && seconds <= SECONDS_MAX ? new Timestamp(seconds, nanos) : NO_TIME;
}

/** A time from Unix time in milliseconds, as clocks tell it. */
export function timestampFromMs(ms: number): Timestamp | Failed {
  const whole = Math.floor(ms);
  const seconds = Math.floor(whole / MS_PER_SECOND);
  return toTimestamp(seconds, (whole - seconds * MS_PER_SECOND) * NANOS_PER_MS);
}

export function toDuration(nanos: bigint): Duration | Failed {
  return nanos <= DURATION_NANOS_MAX && nanos >= -DURATION_NANOS_MAX ? new Duration(nanos) : NO_DURATION;
}

export function addDuration(time: Timestamp, duration: Duration): Timestamp | Failed {
  return shifted(time, duration.nanos);
}

export function subtractDuration(time: Timestamp, duration: Duration): Timestamp | Failed {
  return shifted(time, -duration.nanos);
}

/** `left - right`. */
export function durationBetween(left: Timestamp, right: Timestamp): Duration | Failed {
  const nanos = BigInt(left.seconds - right.seconds) * NANOS + BigInt(left.nanos - right.nanos);
  return nanos > BETWEEN_NANOS_MAX || nanos < BETWEEN_NANOS_MIN ? TOO_FAR_APART : new Duration(nanos);
}

export function addDurations(left: Duration, right: Duration): Duration | Failed {
  return toDuration(left.nanos + right.nanos);
}

export function subtractDurations(left: Duration, right: Duration): Duration | Failed {
  return toDuration(left.nanos - right.nanos);
}

/** Below 0 when `left` is earlier, above 0 when it is later. */
export function compareTimestamps(left: Timestamp, right: Timestamp): number {
  return left.seconds - right.seconds || left.nanos - right.nanos;
}

/** Below 0 when `left` is shorter, or more negative. */
export function compareDurations(left: Duration, right: Duration): number {
  if (left.nanos === right.nanos) return 0;
  return left.nanos < right.nanos ? -1 : 1;
}

function shifted(time: Timestamp, by: bigint): Timestamp | Failed {
  let seconds = time.seconds + Number(by / NANOS);
  let nanos = time.nanos + Number(by % NANOS);
  if (nanos < 0) {
    nanos += NANOS_PER_SECOND;
    seconds -= 1;
  } else if (nanos >= NANOS_PER_SECOND) {
    nanos -= NANOS_PER_SECOND;
    seconds += 1;
  }
  return toTimestamp(seconds, nanos);
}
