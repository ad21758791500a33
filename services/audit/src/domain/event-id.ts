const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** How far an event's time may be from the one in its id: both come from one clock, and one of them may be rounded. */
const ID_TOLERANCE_MS = 1;

/** Whether an id is a UUIDv7 (RFC 9562, section 5.7) that was made at a time. */
export function isIdOf(id: string, time: Date): boolean {
  if (!UUID_V7.test(id)) return false;
  const idMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return Math.abs(idMs - time.getTime()) <= ID_TOLERANCE_MS;
}
