import { Failure } from '@gatehouse/failure';
import type { Interceptor } from './index.ts';

/** A call with less time left than this is refused: its answer would not arrive in time. Milliseconds. */
export const REMAINING_MS_MIN = 1;

/** Refuses a call whose deadline has passed. Every call has one by now: the caller's, or the server's default. */
export const checkDeadline: Interceptor = {
  name: 'deadline',
  before(call) {
    if (call.deadlineMs - Date.now() < REMAINING_MS_MIN) {
      throw new Failure('deadline', 'DEADLINE_EXCEEDED', 'The deadline passed before the call was begun.');
    }
  },
};
