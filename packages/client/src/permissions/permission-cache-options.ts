/** What grants are remembered for in this process. */
export interface PermissionCacheOptions {
  /** Most users whose grants are remembered, about 1 KiB each; 100,000 when absent. 0: none, and no watch is opened. */
  readonly maxUsers?: number;
  /**
   * For how long a change may go unseen, everything included: 1,000 when absent. Milliseconds. Less than twice the heartbeat
   * of the service (250 by default) leaves little that can be answered from memory.
   */
  readonly boundMs?: number;
  /** How often the service is asked how fresh its knowledge is; 250 when absent. Milliseconds. */
  readonly heartbeatMs?: number;
}

const MAX_USERS = 100_000;
const BOUND_MS = 1_000;
const HEARTBEAT_MS = 250;
const BOUND_MS_MAX = 60_000;

/** The options with what was left out. Throws RangeError for what can't be. */
export function openingOf(options: PermissionCacheOptions): Required<PermissionCacheOptions> {
  const { maxUsers = MAX_USERS, boundMs = BOUND_MS, heartbeatMs = HEARTBEAT_MS } = options;
  if (!(Number.isInteger(maxUsers) && maxUsers >= 0)) throw new RangeError('maxUsers is 0 or a natural number.');
  if (!(heartbeatMs >= 1 && boundMs > heartbeatMs && boundMs <= BOUND_MS_MAX)) {
    throw new RangeError(`boundMs is more than heartbeatMs, which is at least 1, and at most ${BOUND_MS_MAX}.`);
  }
  return { maxUsers, boundMs, heartbeatMs };
}
