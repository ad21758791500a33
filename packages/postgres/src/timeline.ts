import type { Logger } from '@gatehouse/process';
import type { Database } from './database.ts';
import { statement } from './statement.ts';

/**
 * A failover or a restore begins another timeline of the database, in which the last changes of the one before may not have
 * happened. The versions that records get in a timeline lie above all of those before it, so that one that was lost is never
 * given to another change: timeline 1 has those below 2^40, timeline 2 those below 2 * 2^40, and so on. What was not changed
 * since keeps the version that it had.
 */
const VERSION_BITS = 40;

/** The number of the timeline to which Postgres writes, from the name of a file of its log: 8 hexadecimal digits of it. */
const TIMELINE = `('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint`;

/**
 * SQL: the last version before those of the present timeline. A change gives its record
 * `greatest(version, ${LAST_OF_TIMELINE_BEFORE}) + 1`.
 */
export const LAST_OF_TIMELINE_BEFORE = `((${TIMELINE} - 1) << ${VERSION_BITS})`;

/** The timeline in which a change got this version. */
export function timelineOf(version: bigint): bigint {
  return (version >> BigInt(VERSION_BITS)) + 1n;
}

const FIND = statement<{ timeline: bigint }>('postgres.find-timeline', `select ${TIMELINE} as timeline`);

/** How long Postgres may take to tell. Milliseconds. */
const ANSWER_MS_MAX = 2_000;

/** Which timeline of the database this instance knows of. */
export interface Timeline {
  /** undefined: it could not be asked for yet. */
  readonly current: bigint | undefined;
  /** No version that was given in it is lower; 0 while it could not be asked for. */
  readonly lowestVersion: bigint;
  /** A change was made that has this version: if that is of a later timeline, Postgres is asked. Never rejects. */
  confirm(version: bigint): Promise<void>;
  /**
   * Whether a version that the database has not reached was lost: it is of a timeline that ended. False for one that the
   * present timeline may still reach.
   */
  isLost(version: bigint): boolean;
  /** Calls the listener at each change of timeline: what was known before may never have happened. */
  onChange(listener: () => void): void;
  stop(): void;
}

export interface TimelineOptions {
  readonly db: Database;
  /** How often Postgres is asked. Milliseconds. */
  readonly everyMs: number;
  readonly logger: Logger;
}

/**
 * Follows the timeline, by asking now and then and when a change tells of a later one. It only goes forward: a server that is
 * no longer the primary and does not know it tells of one that is over.
 */
export function followTimeline({ db, everyMs, logger }: TimelineOptions): Timeline {
  const stopping = new AbortController();
  const listeners: (() => void)[] = [];
  let current: bigint | undefined;

  const move = (timeline: bigint) => {
    const before = current;
    if (before !== undefined && timeline <= before) return;
    current = timeline;
    if (before === undefined) return;
    logger.warn(
      { from: Number(before), to: Number(timeline) },
      'Postgres has failed over; all that is cached is forgotten',
    );
    for (const listener of listeners) listener();
  };
  const ask = async () => {
    try {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(ANSWER_MS_MAX)]);
      const [row] = await db.within({ signal }).query(FIND);
      if (row) move(row.timeline);
    } catch {
      // Whoever needs Postgres says so.
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const goOn = async () => {
    await ask();
    if (!stopping.signal.aborted) timer = setTimeout(goOn, everyMs).unref();
  };
  void goOn();
  return {
    get current() {
      return current;
    },
    get lowestVersion() {
      return current === undefined ? 0n : (current - 1n) << BigInt(VERSION_BITS);
    },
    async confirm(version) {
      if (current === undefined || timelineOf(version) > current) await ask();
    },
    isLost: (version) => current !== undefined && timelineOf(version) < current,
    onChange: (listener) => void listeners.push(listener),
    stop() {
      stopping.abort();
      clearTimeout(timer);
    },
  };
}
