import { createHash } from 'node:crypto';

/** Which events to list. What is set must all hold. */
export interface EventFilter {
  readonly userId: string | undefined;
  readonly requestId: string | undefined;
  /** Without repetitions; empty: all types. */
  readonly types: readonly string[];
  readonly from: Date;
  /** The first time that is too late. */
  readonly before: Date;
}

/** No event can be older: the time in a UUIDv7 counts from here. */
export const FIRST_TIME = new Date(0);
/** The last time of a google.protobuf.Timestamp, and one that Postgres can hold. */
export const LAST_TIME = new Date('9999-12-31T23:59:59.999Z');

export const FINGERPRINT_BYTES = 16;

/** The same for the same filter, whatever the order of its types, and different for any other one. */
export function fingerprint({ userId, requestId, types, from, before }: EventFilter): Buffer {
  const parts = [userId ?? '', requestId ?? '', types.toSorted(), from.getTime(), before.getTime()];
  return createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, FINGERPRINT_BYTES);
}

/** The nearest time at which an event can have happened. */
export function clampTime(time: Date): Date {
  return time < FIRST_TIME ? FIRST_TIME : time > LAST_TIME ? LAST_TIME : time;
}
