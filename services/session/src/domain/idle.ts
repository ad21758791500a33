/** Use is noted at most this often for each session. Milliseconds. */
const RESOLUTION_MAX_MS = 60_000;
const RESOLUTION_MIN_MS = 1_000;
/** A session with an idle timeout has its use noted at least this many times in it. */
const NOTES_IN_TIMEOUT = 10;

/** How often the use of a session is noted: a note for each request would cost more than the request. */
export function activityResolutionMs(idleTimeoutMs: number): number {
  if (idleTimeoutMs === 0) return RESOLUTION_MAX_MS;
  return Math.min(RESOLUTION_MAX_MS, Math.max(RESOLUTION_MIN_MS, idleTimeoutMs / NOTES_IN_TIMEOUT));
}

/**
 * When a session that was last noted in use at `lastActivityMs` ends for want of use. Later than its timeout by what a
 * note can be late: the resolution, and the time for which notes are gathered before they are written. So a session that
 * is in use is never ended, and one that is not ends a tenth of its timeout late at most, or a little more when it is short.
 */
export function idleEndMs(lastActivityMs: number, idleTimeoutMs: number, gatheringMs: number): number {
  if (idleTimeoutMs === 0) return Number.POSITIVE_INFINITY;
  return lastActivityMs + idleTimeoutMs + activityResolutionMs(idleTimeoutMs) + 2 * gatheringMs;
}
