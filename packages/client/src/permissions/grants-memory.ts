import { boundedMap } from '../memory/bounded-map.ts';
import type { Grant } from '../policy/index.ts';

/** A user's grants, as they were read. */
export interface KnownUser {
  readonly userId: string;
  /** Of the user's grants. */
  readonly revision: bigint;
  /** Of the model at that moment: no older one may judge them. */
  readonly modelRevision: bigint;
  readonly grants: readonly Grant[];
  /** Whether this version can read all of their conditions. */
  readonly isReadable: boolean;
}

/** A reading of grants that is under way. */
export interface Reading {
  readonly resetsBefore: number;
}

/**
 * Users' grants in the memory of this process. What was read is kept only if it is of the newest revision that was told
 * while it was read, and nothing was reset: an answer can be overtaken by the news that something has changed.
 */
export interface GrantsMemory {
  /** The caller makes sure of its freshness. */
  recall(userId: string): KnownUser | undefined;
  /** To be called before a question is sent. */
  begin(): Reading;
  keep(reading: Reading, user: KnownUser): void;
  /** To be called once for each reading, when it has ended. */
  end(reading: Reading): void;
  /** The user's grants have changed, and this is their revision since. */
  changed(userId: string, revision: bigint): void;
  /** Anything may have changed. */
  reset(): void;
  readonly size: number;
}

/** Most changes that are remembered for readings that are under way. With more, none of those is kept. */
const CHANGES_MAX = 100_000;

export function createGrantsMemory(maxUsers: number): GrantsMemory {
  const users = boundedMap<KnownUser>(maxUsers);
  /** The newest revisions told during the readings that are under way. */
  const told = new Map<string, bigint>();
  const readings = new Set<Reading>();
  let resets = 0;
  return {
    recall: (userId) => users.get(userId),
    begin() {
      const reading = { resetsBefore: resets };
      readings.add(reading);
      return reading;
    },
    keep({ resetsBefore }, user) {
      if (resetsBefore !== resets || user.revision < (told.get(user.userId) ?? 0n)) return;
      const known = users.get(user.userId);
      // Of two readings that cross, the older may end last.
      if (known && known.revision > user.revision) return;
      users.set(user.userId, user);
    },
    end(reading) {
      readings.delete(reading);
      if (readings.size === 0) told.clear();
    },
    changed(userId, revision) {
      const known = users.get(userId);
      if (known && known.revision < revision) users.delete(userId);
      if (readings.size === 0 || (told.get(userId) ?? 0n) >= revision) return;
      told.set(userId, revision);
      if (told.size <= CHANGES_MAX) return;
      resets += 1;
      told.clear();
    },
    reset() {
      resets += 1;
      users.clear();
      told.clear();
    },
    get size() {
      return users.size;
    },
  };
}
