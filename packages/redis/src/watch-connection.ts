import type { Logger } from '@gatehouse/process';
import type { Cluster, Redis } from 'ioredis';
import { withoutArguments } from './redis-failure.ts';

/** How often a server that refuses to write is asked whether it would again. */
const WRITE_PROBE_MS = 250;
/** Writes nothing, and is refused all the same by a server that takes no writes, because it does not say that it reads. */
const WRITE_PROBE = '#!lua\nreturn 1';

/** Whether a command connection can be used, and the moments at which that changes. */
export interface ConnectionWatch {
  readonly usable: boolean;
  readonly lastError: unknown;
  /** To be called when the server has refused a write. */
  refusedToWrite(): void;
  onOutage(listener: () => void): void;
  onRecovery(listener: () => void): void;
  /** Whether the connection is usable, as soon as it is or after `timeoutMs`. */
  usableWithin(timeoutMs: number): Promise<boolean>;
  /** Tells of nothing any more. */
  stop(): void;
}

/**
 * Watches a client. A server that answers and takes no writes (it is full, can't save, or is no master any more) counts
 * as lost: what it holds can't be invalidated, so it must not be read either.
 */
export function watchConnection(client: Redis | Cluster, name: string, logger: Logger): ConnectionWatch {
  const outages: (() => void)[] = [];
  const recoveries: (() => void)[] = [];
  const waiting = new Set<() => void>();
  let state: 'opening' | 'up' | 'down' | 'closed' = 'opening';
  let writable = true;
  let lastError: unknown;
  let probedAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const isUsable = () => writable && client.status === 'ready';

  const up = () => {
    const recovered = state === 'down';
    if (state === 'closed' || !isUsable()) return;
    state = 'up';
    for (const tell of waiting) tell();
    if (!recovered) return;
    logger.info({ store: name }, 'Redis is back');
    for (const listener of recoveries) listener();
  };
  const down = () => {
    if (state === 'down' || state === 'closed') return;
    state = 'down';
    logger.warn({ store: name, err: lastError }, 'Redis is gone');
    for (const listener of outages) listener();
  };
  const probe = async () => {
    probedAtMs = performance.now();
    try {
      await Promise.all(mastersOf(client).map((node) => node.eval(WRITE_PROBE, 0)));
      writable = true;
      up();
    } catch (error) {
      lastError = error instanceof Error ? withoutArguments(error) : error;
      probeSoon();
    }
  };
  /** Probes as soon as the last time is long enough ago. A lost connection probes when it is back. */
  const probeSoon = () => {
    clearTimeout(timer);
    if (state === 'closed' || client.status !== 'ready') return;
    timer = setTimeout(probe, Math.max(0, probedAtMs + WRITE_PROBE_MS - performance.now()));
  };

  client.on('error', (error: Error) => {
    lastError = withoutArguments(error);
    // Sentinels that can't be reached close no connection, because there was none.
    if (state === 'opening') down();
  });
  client.on('ready', () => (writable ? up() : probeSoon()));
  for (const event of ['close', 'reconnecting', 'end']) client.on(event, down);
  // A cluster goes on without one of its nodes, and what takes the place of that one may lack what it had acknowledged.
  client.on('-node', (node: Redis) => {
    if (state !== 'up' || node.options.readOnly) return;
    down();
    up();
  });

  return {
    get usable() {
      return isUsable();
    },
    get lastError() {
      return lastError;
    },
    refusedToWrite() {
      if (!writable) return;
      writable = false;
      down();
      probeSoon();
    },
    onOutage: (listener) => void outages.push(listener),
    onRecovery: (listener) => void recoveries.push(listener),
    async usableWithin(timeoutMs) {
      if (isUsable()) return true;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const giveUp = setTimeout(resolve, timeoutMs, false);
      const tell = () => resolve(true);
      waiting.add(tell);
      const came = await promise;
      clearTimeout(giveUp);
      waiting.delete(tell);
      return came;
    },
    stop() {
      state = 'closed';
      clearTimeout(timer);
    },
  };
}

function mastersOf(client: Redis | Cluster): Redis[] {
  return 'nodes' in client ? client.nodes('master') : [client];
}
