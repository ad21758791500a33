import { isFailure } from '@gatehouse/failure';
import { type Database, statement } from '@gatehouse/postgres';
import { Counter, Gauge, type Logger, type Registry } from '@gatehouse/process';
import type { CachedSession } from '../domain/cached-session.ts';
import { activityResolutionMs } from '../domain/idle.ts';
import type { Presence } from './presence.ts';

/** The use of sessions, noted on the way and written behind. */
export interface Activity {
  /** Notes that a session is used now, from this address if it is known. Cheap, made for hot paths; never throws. */
  touch(session: CachedSession, nowMs: number, ipAddress?: string): void;
  /** Notes that a session begins now, so that its user is online. Its row says already when and from where. */
  begin(session: { readonly id: string; readonly userId: string }, nowMs: number): void;
  /** Writes what was noted so far. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

interface Use {
  readonly userId: string;
  readonly atMs: number;
  readonly ipAddress: string | null;
  /** Whether the user was shown as online for it; it may still wait for Postgres. */
  shown: boolean;
}

export interface ActivityOptions {
  readonly db: Database;
  /** Where users are shown as online. */
  readonly presence?: Pick<Presence, 'note'>;
  readonly logger: Logger;
  readonly registry: Registry;
  /** How long uses are gathered before they are written. Milliseconds. */
  readonly flushMs: number;
}

/** Most sessions whose use waits to be written; further ones are left out until the next write. */
const WAITING_MAX = 100_000;
const BATCH_MAX = 1_000;

const NOTE = statement(
  'session.note-activity',
  `update session.sessions s
   set last_activity_at = greatest(s.last_activity_at, n.at), last_ip_address = coalesce(n.ip, s.last_ip_address)
   from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::inet[]) as n (user_id, id, at, ip)
   where s.user_id = n.user_id and s.id = n.id and s.last_activity_at < n.at`,
);

/** Starts gathering. What can't be written stays and is written with the next batch. */
export function openActivity({ db, presence, logger, registry, flushMs }: ActivityOptions): Activity {
  let waiting = new Map<string, Use>();
  const dropped = new Counter({
    name: 'session_activity_dropped_total',
    help: 'Uses of sessions that were not noted because too many waited to be written, or Postgres refused them.',
    registers: [registry],
  });
  new Gauge({
    name: 'session_activity_waiting',
    help: 'Sessions whose use waits to be written.',
    registers: [registry],
    collect() {
      this.set(waiting.size);
    },
  });

  const hasRoom = (sessionId: string): boolean => {
    if (waiting.size < WAITING_MAX || waiting.has(sessionId)) return true;
    dropped.inc();
    return false;
  };
  const show = async (uses: readonly Use[]) => {
    const fresh = uses.filter(({ shown }) => !shown);
    if (await presence?.note(fresh)) for (const use of fresh) use.shown = true;
  };
  /** Says whether Postgres took the batch, or will never take it. */
  const save = async (batch: readonly (readonly [id: string, use: Use])[]): Promise<boolean> => {
    try {
      await db.query(NOTE, [
        batch.map(([, { userId }]) => userId),
        batch.map(([id]) => id),
        batch.map(([, { atMs }]) => new Date(atMs)),
        batch.map(([, { ipAddress }]) => ipAddress),
      ]);
      return true;
    } catch (error) {
      if (isFailure(error)) {
        logger.warn({ err: error }, 'the use of sessions waits to be written');
        return false;
      }
      // Tried again it would be refused again, and everything behind it would wait for ever.
      dropped.inc(batch.length);
      logger.error({ err: error, sessions: batch.length }, 'the use of sessions is not written');
      return true;
    }
  };
  const write = async () => {
    const uses = [...waiting];
    waiting = new Map();
    await show(uses.map(([, use]) => use));
    for (let start = 0; start < uses.length; start += BATCH_MAX) {
      // In the order of the keys, so that instances that write the same rows do not wait for each other in a circle.
      const batch = uses.slice(start, start + BATCH_MAX).sort(([a], [b]) => (a < b ? -1 : 1));
      if (await save(batch)) continue;
      for (const [id, use] of uses.slice(start)) if (!waiting.has(id)) waiting.set(id, use);
      return;
    }
  };
  let writing = Promise.resolve();
  /** The write that begins when the present one ends; whoever asks meanwhile waits for that one. */
  let next: Promise<void> | undefined;
  const flush = () => {
    next ??= writing.then(() => {
      next = undefined;
      writing = write();
      return writing;
    });
    return next;
  };
  const timer = setInterval(() => void flush(), flushMs);

  return {
    touch(session, nowMs, ipAddress) {
      if (nowMs - session.lastActivityMs < activityResolutionMs(session.idleTimeoutMs)) return;
      const { sessionId, userId } = session;
      if (!hasRoom(sessionId)) return;
      session.lastActivityMs = nowMs;
      const address = ipAddress || (waiting.get(sessionId)?.ipAddress ?? null);
      waiting.set(sessionId, { userId, atMs: nowMs, ipAddress: address, shown: false });
    },
    begin({ id, userId }, nowMs) {
      if (hasRoom(id)) waiting.set(id, { userId, atMs: nowMs, ipAddress: null, shown: false });
    },
    flush,
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
