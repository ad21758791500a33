import { abortFailure } from './abort.ts';
import type { Connection } from './connection.ts';
import { unavailable } from './errors.ts';
import { createWaiters } from './waiters.ts';

/** Connections that are lent, one caller at a time. */
export interface Pool {
  /**
   * Lends a connection. Rejects with Failure `unavailable` when none can be opened, none becomes free in time or too
   * many callers wait, and at once when the signal is aborted.
   */
  acquire(signal?: AbortSignal): Promise<Connection>;
  /** Takes a lent connection back. It is lent again only when it is clean. */
  release(connection: Connection): void;
  /** Lets go of every connection that is open now, the lent ones when they come back. */
  renew(): void;
  /** Ends every connection, the lent ones when they come back or CLOSE_GRACE_MS is over. */
  close(): Promise<void>;
  readonly counts: { readonly idle: number; readonly busy: number; readonly waiting: number };
}

/** How many callers may wait for a connection; the next one is refused at once. */
const WAITERS_MAX = 1_000;
/** A connection that nobody needed for this long is ended. */
const IDLE_MS = 30_000;
const IDLE_SWEEP_MS = 10_000;
/** Connections are replaced after this long, so that a change of the server behind a name is noticed. */
const LIFETIME_MS = 30 * 60_000;
const CLOSE_GRACE_MS = 5_000;

interface Member {
  readonly connection: Connection;
  readonly generation: number;
  readonly openedAtMs: number;
  idleSinceMs: number;
}

/** A pool of at most `maxConnections`, opened when they are needed and lent again last in, first out. */
export function createPool(o: {
  open: (signal: AbortSignal) => Promise<Connection>;
  maxConnections: number;
  acquireTimeoutMs: number;
}): Pool {
  const members = new Map<Connection, Member>();
  const idle: Member[] = [];
  const waiters = createWaiters<Connection>(WAITERS_MAX, o.acquireTimeoutMs);
  const farewells = new Set<Promise<void>>();
  const closing = new AbortController();
  const emptied = Promise.withResolvers<void>();
  let opening = 0;
  let generation = 0;
  let closed: Promise<void> | undefined;
  const sweeper = setInterval(sweep, IDLE_SWEEP_MS).unref();

  async function acquire(signal?: AbortSignal): Promise<Connection> {
    if (closing.signal.aborted) throw unavailable('The Postgres pool is closed.');
    if (signal?.aborted) throw abortFailure(signal);
    for (let member = idle.pop(); member; member = idle.pop()) {
      if (isFresh(member)) return member.connection;
      drop(member);
    }
    const turn = waiters.wait(signal);
    grow();
    return await turn;
  }

  function release(connection: Connection): void {
    const member = members.get(connection);
    if (!member) return;
    if (connection.recovery) void connection.recovery.then(() => lend(member));
    else lend(member);
  }

  function grow(): void {
    if (closing.signal.aborted) return;
    while (opening < waiters.size && members.size + opening < o.maxConnections) {
      opening += 1;
      void o.open(closing.signal).then(admit, refuse);
    }
  }

  function admit(connection: Connection): void {
    opening -= 1;
    const now = performance.now();
    const member: Member = { connection, generation, openedAtMs: now, idleSinceMs: now };
    members.set(connection, member);
    connection.onBroken(() => forget(member));
    lend(member);
  }

  function refuse(error: Error): void {
    opening -= 1;
    // Those who wait may still get a connection that is lent or being opened.
    if (members.size + opening > 0) return;
    waiters.failAll(error);
    emptied.resolve();
  }

  function lend(member: Member): void {
    if (!isFresh(member)) drop(member);
    else if (!waiters.serve(member.connection)) {
      member.idleSinceMs = performance.now();
      idle.push(member);
    }
  }

  function isFresh({ connection, generation: born, openedAtMs }: Member): boolean {
    if (closing.signal.aborted || !connection.usable || born !== generation) return false;
    return performance.now() - openedAtMs < LIFETIME_MS;
  }

  function drop(member: Member): void {
    const farewell = member.connection.end().finally(() => farewells.delete(farewell));
    farewells.add(farewell);
    forget(member);
  }

  /** A broken connection leaves at once, even when it is lent: another may take its place. */
  function forget(member: Member): void {
    if (!members.delete(member.connection)) return;
    const at = idle.indexOf(member);
    if (at >= 0) idle.splice(at, 1);
    if (members.size + opening === 0) emptied.resolve();
    grow();
  }

  function renew(): void {
    generation += 1;
    for (const member of [...idle]) drop(member);
  }

  function sweep(): void {
    const since = performance.now() - IDLE_MS;
    for (const member of idle.filter(({ idleSinceMs }) => idleSinceMs < since)) drop(member);
  }

  async function shut(): Promise<void> {
    closing.abort();
    clearInterval(sweeper);
    waiters.failAll(unavailable('The Postgres pool is closed.'));
    for (const member of [...idle]) drop(member);
    if (members.size + opening > 0) await settledWithin(emptied.promise, CLOSE_GRACE_MS);
    for (const { connection } of [...members.values()]) connection.destroy();
    await Promise.all(farewells);
  }

  return {
    acquire,
    release,
    renew,
    close: () => {
      closed ??= shut();
      return closed;
    },
    get counts() {
      return { idle: idle.length, busy: members.size - idle.length, waiting: waiters.size };
    },
  };
}

async function settledWithin(work: Promise<void>, limitMs: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const limit = setTimeout(late.resolve, limitMs);
  await Promise.race([work, late.promise]);
  clearTimeout(limit);
}
