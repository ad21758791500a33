import type { Failure } from '@gatehouse/failure';
import type { ServedCall } from './call.ts';
import { certificateEnded } from './connection.ts';
import { deadlineExceeded } from './unary-call.ts';

/** How long a stream lives at most, also when its caller sets a later deadline, or none. Milliseconds. */
export const STREAM_LIFETIME_MS_MAX = 24 * 60 * 60 * 1000;

/**
 * Gives a stream its deadline, and tells why when it has to end: the deadline has passed, or the certificate of its
 * connection has ended. The timer is to be cleared when the stream is over.
 */
export function endInTime(call: ServedCall, deadlineMs: number, end: (why: Failure) => void): NodeJS.Timeout {
  const now = Date.now();
  call.deadlineMs = Math.min(deadlineMs, now + STREAM_LIFETIME_MS_MAX);
  const leftMs = call.deadlineMs - now;
  const goodForMs = goodFor(call);
  const isLasting = goodForMs >= leftMs;
  return setTimeout(() => end(isLasting ? deadlineExceeded() : certificateEnded()), Math.min(leftMs, goodForMs));
}

/** A stream whose peer is nobody is refused before it does anything. */
function goodFor(call: ServedCall): number {
  try {
    return call.connection.leftMs();
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
