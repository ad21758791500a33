/** Conditions that a session must all meet. One that is undefined is met by every session. */
export interface SessionSearch {
  readonly userId: string | undefined;
  /** An address with or without a prefix length, in canonical form: a session was created, or last used, from there. */
  readonly ipNetwork: string | undefined;
  readonly countryCode: string | undefined;
  readonly deviceFingerprint: string | undefined;
  /** In whichever case. */
  readonly userAgentContains: string | undefined;
  readonly createdFrom: Date | undefined;
  /** This time itself excluded. */
  readonly createdBefore: Date | undefined;
  readonly inactiveSince: Date | undefined;
}

/** Whether a search has no condition, and so finds every session. */
export function isUnconditional(search: SessionSearch): boolean {
  return Object.values(search).every((condition) => condition === undefined);
}

/** A search as a list of words: equal for equal searches, and for no others. */
export function wordsOf(search: SessionSearch): string[] {
  return [
    search.userId,
    search.ipNetwork,
    search.countryCode,
    search.deviceFingerprint,
    search.userAgentContains,
    search.createdFrom?.toISOString(),
    search.createdBefore?.toISOString(),
    search.inactiveSince?.toISOString(),
  ].map((word) => word ?? '');
}

/** Ids of sessions, from the first on up to the last, both included. */
export interface IdRange {
  readonly from: string;
  readonly upTo: string;
}

/** How far the time in the id of a session and its time of creation may be apart; they are taken one after the other. */
const ID_TIME_SLACK_MS = 60 * 60 * 1000;
const ID_TIME_MAX = 2 ** 48 - 1;

/** The ids among which the sessions of a search are: an id begins with the time at which it was made. */
export function idRange({ createdFrom, createdBefore }: SessionSearch): IdRange {
  const from = createdFrom ? idTime(createdFrom.getTime() - ID_TIME_SLACK_MS) : '00000000-0000';
  const upTo = createdBefore ? idTime(createdBefore.getTime() + ID_TIME_SLACK_MS) : 'ffffffff-ffff';
  return { from: `${from}-0000-0000-000000000000`, upTo: `${upTo}-ffff-ffff-ffffffffffff` };
}

/** The first 48 bits of a UUIDv7 that is made at this time (RFC 9562, section 5.7). */
function idTime(unixMs: number): string {
  const hex = Math.min(Math.max(unixMs, 0), ID_TIME_MAX).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
