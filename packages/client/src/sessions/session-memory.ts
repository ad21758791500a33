import { boundedMap } from '../memory/bounded-map.ts';
import type { ValidatedSession } from './validated-session.ts';

/** Questions to the service that are under way, and what must not be kept of their answers. */
export interface Reading {
  readonly startedAtMs: number;
  readonly changesBefore: number;
  readonly resetsBefore: number;
}

/**
 * Validated sessions in the memory of this process. What was read is kept only if, between the start of the reading and
 * its end, no change of that session was told and nothing was reset: an answer can be overtaken by the news that the
 * session has ended. Tokens are held as hashes only.
 */
export interface SessionMemory {
  /** The session of a token, for as long as it may be used without asking. The caller makes sure of its freshness. */
  recall(tokenHash: string, nowMs: number): Remembered | undefined;
  /** To be called before a question is sent. */
  begin(nowMs: number): Reading;
  keep(reading: Reading, tokenHash: string, session: ValidatedSession): void;
  /** To be called once for each reading, when it has ended. */
  end(reading: Reading): void;
  /** The session has changed or ended. */
  forget(sessionId: string): void;
  /** Sessions of the user, it is not known which, have changed or ended. */
  forgetUser(userId: string): void;
  /** What is being read may be out of date already. */
  distrustReadings(): void;
  /** Anything may have changed. */
  reset(): void;
  readonly size: number;
}

export interface Remembered {
  readonly session: ValidatedSession;
  /** The same, for those who wait for it: made once, because a hit should leave nothing to the garbage collector. */
  readonly promise: Promise<ValidatedSession>;
}

interface Entry extends Remembered {
  readonly tokenHash: string;
  /** On the monotonic clock. */
  readonly usableUntilMs: number;
}

export interface SessionMemoryOptions {
  readonly maxEntries: number;
  /** The time of day, which says when a session expires. Milliseconds since the epoch. */
  readonly epochMs: () => number;
}

/** Longest time for which a session is used without the service learning of it. */
export const UNNOTED_USE_MS_MAX = 60_000;
/** The same, as a part of the session's idle timeout, so that a session in use is never taken for idle. */
export const UNNOTED_USE_OF_IDLE_TIMEOUT = 0.1;
/** Most changes that are remembered for readings that are under way. With more, none of those is kept. */
const CHANGES_MAX = 100_000;

export function createSessionMemory({ maxEntries, epochMs }: SessionMemoryOptions): SessionMemory {
  const bySession = new Map<string, Entry>();
  const byToken = boundedMap<Entry>(maxEntries, ({ session }) => bySession.delete(session.sessionId));
  /** Sessions that have changed during the readings that are under way, with the number of the change, oldest first. */
  const changed = new Map<string, number>();
  /** In the order in which they were begun. */
  const readings = new Set<Reading>();
  let changes = 0;
  let resets = 0;

  const drop = (entry: Entry) => {
    byToken.delete(entry.tokenHash);
    bySession.delete(entry.session.sessionId);
  };
  const remember = (sessionId: string) => {
    if (readings.size === 0) return;
    changed.delete(sessionId);
    changed.set(sessionId, changes);
    if (changed.size <= CHANGES_MAX) return;
    resets += 1;
    changed.clear();
  };
  const forgetChangesBefore = (first: number) => {
    for (const [sessionId, number] of changed) {
      if (number > first) return;
      changed.delete(sessionId);
    }
  };

  return {
    recall(tokenHash, nowMs) {
      const entry = byToken.get(tokenHash);
      if (entry === undefined || nowMs < entry.usableUntilMs) return entry;
      drop(entry);
      return undefined;
    },
    begin(nowMs) {
      const reading = { startedAtMs: nowMs, changesBefore: changes, resetsBefore: resets };
      readings.add(reading);
      return reading;
    },
    keep(reading, tokenHash, session) {
      const { startedAtMs, changesBefore, resetsBefore } = reading;
      const isOvertaken = (changed.get(session.sessionId) ?? 0) > changesBefore || resetsBefore !== resets;
      const usableMs = Math.min(unnotedUseMs(session), session.expiresAtMs - epochMs());
      if (isOvertaken || !(usableMs > 0) || maxEntries === 0) return;
      const old = bySession.get(session.sessionId);
      if (old) drop(old);
      const usableUntilMs = startedAtMs + usableMs;
      const entry = { tokenHash, session, promise: Promise.resolve(session), usableUntilMs };
      byToken.set(tokenHash, entry);
      bySession.set(session.sessionId, entry);
    },
    end(reading) {
      readings.delete(reading);
      const [oldest] = readings;
      if (oldest) forgetChangesBefore(oldest.changesBefore);
      else changed.clear();
    },
    forget(sessionId) {
      changes += 1;
      const entry = bySession.get(sessionId);
      if (entry) drop(entry);
      remember(sessionId);
    },
    forgetUser(userId) {
      resets += 1;
      for (const entry of bySession.values()) if (entry.session.userId === userId) drop(entry);
    },
    distrustReadings() {
      resets += 1;
    },
    reset() {
      resets += 1;
      byToken.clear();
      bySession.clear();
      changed.clear();
    },
    get size() {
      return byToken.size;
    },
  };
}

function unnotedUseMs({ idleTimeoutSeconds }: ValidatedSession): number {
  if (idleTimeoutSeconds === 0) return UNNOTED_USE_MS_MAX;
  return Math.min(UNNOTED_USE_MS_MAX, idleTimeoutSeconds * 1000 * UNNOTED_USE_OF_IDLE_TIMEOUT);
}
