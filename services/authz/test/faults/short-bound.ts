/** Short, to be waited for often. The real one is kept by redis-restarted-empty.test.ts. Milliseconds. */
export const BOUND_MS = 700;

/** The settings of an instance that keeps it. */
export const SHORT_BOUND = {
  GATEHOUSE_AUTHZ_STALENESS_BOUND_MS: String(BOUND_MS),
  GATEHOUSE_AUTHZ_HEARTBEAT_MS: '100',
};
