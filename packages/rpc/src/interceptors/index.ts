import type { Outcome, ServedCall } from '../call.ts';
import { type AccessOptions, checkAccess } from './access.ts';
import { checkDeadline } from './deadline.ts';
import { checkLimits } from './limits.ts';
import { type ObserveOptions, observe } from './observe.ts';

/**
 * One thing that is done around every call. `before` may refuse the call by throwing; it returns a promise only where it
 * must wait, because a call that nobody waits for is served in one synchronous step. `after` runs for every call whose
 * `before` was reached, in reverse order, and must not throw.
 */
export interface Interceptor {
  readonly name: string;
  before?(call: ServedCall, request: unknown): void | Promise<void>;
  after?(call: ServedCall, outcome: Outcome): void;
}

export interface EdgeOptions extends ObserveOptions, AccessOptions {}

/** What every call passes, in this order. */
export function edge(options: EdgeOptions): readonly Interceptor[] {
  return [
    observe(options), // first, before anything can refuse, so that refusals are counted and logged
    checkDeadline, // before work: what cannot end in time is not begun
    checkLimits, // before access: who may call can depend on the request, and nothing reads an unchecked one
    checkAccess(options), // last: it may ask other services
  ];
}
