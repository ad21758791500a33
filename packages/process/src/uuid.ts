import { createHash, randomFillSync } from 'node:crypto';

const POOL_BYTES = 8 * 256;
const pool = Buffer.alloc(POOL_BYTES);
let poolOffset = POOL_BYTES;
let lastTick = 0n;

/**
 * A UUIDv7 (RFC 9562, section 5.7). Its first 48 bits are Unix milliseconds, the next 12 the fraction of the millisecond
 * (section 6.2, method 3), so that ids made one after the other by processes of one machine sort in that order, and ids
 * of one process always do: a clock that stands still or steps back counts on from the last id.
 */
export function uuidv7(): string {
  let tick = (BigInt(wallMicros()) << 12n) / 1000n;
  if (tick <= lastTick) tick = lastTick + 1n;
  lastTick = tick;
  if (poolOffset === POOL_BYTES) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  const random = pool.toString('hex', poolOffset, poolOffset + 8);
  poolOffset += 8;
  const time = (tick >> 12n).toString(16).padStart(12, '0');
  const fraction = (tick & 0xfffn).toString(16).padStart(3, '0');
  return inForm(time, fraction, random);
}

/**
 * A UUIDv7 of that time whose other bits follow from a text: the same for the same of both, and as good as random for who
 * does not know the text.
 */
export function derivedUuidv7(timeMs: number, text: string): string {
  const derived = createHash('sha256').update(text).digest('hex');
  const time = timeMs.toString(16).padStart(12, '0');
  return inForm(time, derived.slice(0, 3), derived.slice(3, 19));
}

/** How far the fine clock may run from the wall clock before it is set again. Milliseconds. */
const DRIFT_MS_MAX = 1;
let fineOffsetMs = Date.now() - performance.now();

/** Unix microseconds: as fine as the monotonic clock, and never far from the wall clock, also after that was set. */
function wallMicros(): number {
  const wallMs = Date.now();
  const fineMs = performance.now();
  if (Math.abs(fineMs + fineOffsetMs - wallMs) > DRIFT_MS_MAX) fineOffsetMs = wallMs - fineMs;
  return Math.floor((fineMs + fineOffsetMs) * 1000);
}

/** The form of version 7, of 12, 3 and 16 hexadecimal digits. */
function inForm(time: string, fraction: string, random: string): string {
  const variant = ((Number.parseInt(random.slice(0, 1), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${fraction}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a string is a UUID in its canonical lower-case form (RFC 9562, section 4). */
export function isUuid(value: string): boolean {
  return UUID.test(value);
}

/** The millisecond in a UUIDv7, as Unix time. */
export function uuidTimeMs(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}
