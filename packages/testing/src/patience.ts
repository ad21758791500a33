/**
 * How long tests wait before they take something for a hang. A busy machine makes a test slow, not red: these are the only
 * limits on waiting, they are minutes, and a bound that is a promise is measured with a fake clock or in the tier `faults`.
 */

/** A whole test. Tests have no limits of their own; the set-up of the run may provide another for all of them. */
export const TEST_LIMIT_MS = 8 * 60_000;
/** A hook that sets up or tidies up. */
export const HOOK_LIMIT_MS = 5 * 60_000;
/** A condition that is waited for. */
export const CONDITION_LIMIT_MS = 3 * 60_000;
/** One call, statement, command or program of a test. */
export const CALL_LIMIT_MS = 2 * 60_000;
/** For a database that a test opens: tests fill tables, on machines that do other things as well. */
export const PATIENT = {
  connectTimeoutMs: CALL_LIMIT_MS,
  acquireTimeoutMs: CALL_LIMIT_MS,
  statementTimeoutMs: CALL_LIMIT_MS,
} as const;
/** How long what a file has closed may take to vanish. */
export const SETTLE_LIMIT_MS = 60_000;
/** How long a test that has run into its limit may take to stop, before the rest of its file is given up. */
export const STOP_LIMIT_MS = 10_000;
