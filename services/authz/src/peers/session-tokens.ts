import { setTimeout as delay } from 'node:timers/promises';
import { Counter, Gauge, type Logger, type Registry } from '@gatehouse/process';
import type { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Client } from '@gatehouse/rpc';

/** Has the sessions of users know which consistency token of theirs is the newest. */
export interface SessionTokens {
  /**
   * Something changed for these users, or they changed something. Resolves when their sessions know, or at once while the
   * session service does not answer: then they are told when it does. It never rejects.
   */
  advance(userIds: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export interface SessionTokensOptions {
  readonly session: Pick<Client<typeof SessionServiceService>, 'advanceAuthzTokens'>;
  /** The tokens of users as of now. */
  readonly find: (
    userIds: readonly string[],
  ) => Promise<readonly { readonly userId: string; readonly token: string; readonly position: bigint }[]>;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly retryMs?: number;
}

/** As many as one call may name. */
const BATCH_MAX = 100;
/** Longest that a change waits for it. */
const WAIT_MS = 500;
const RETRY_MS = 1_000;
/** Most users who wait to be told of; of more, nothing is told, and their checks are as fresh as any. */
const WAITING_MAX = 100_000;

/**
 * Tells the session service after each change. Only ids are kept for later: a token is read when it is told, so that the
 * newest one is told, and one that comes late does no harm.
 */
export function tellSessions(options: SessionTokensOptions): SessionTokens {
  const { session, find, logger, registry, retryMs = RETRY_MS } = options;
  const waiting = new Set<string>();
  const stopping = new AbortController();
  const dropped = new Counter({
    name: 'authz_session_tokens_dropped_total',
    help: 'Users whose sessions were not told of their newest consistency token, because too many waited.',
    registers: [registry],
  });
  new Gauge({
    name: 'authz_session_tokens_waiting',
    help: 'Users whose sessions are still to be told of their newest consistency token.',
    registers: [registry],
    collect() {
      this.set(waiting.size);
    },
  });
  let isAnswering = true;
  let retrying: Promise<void> | undefined;

  const tell = async (userIds: readonly string[]): Promise<void> => {
    const tokens = (await find(userIds)).filter(({ position }) => position > 0n);
    if (tokens.length > 0) {
      await session.advanceAuthzTokens(
        { tokens: [...tokens] },
        { deadlineMs: Date.now() + WAIT_MS, signal: stopping.signal },
      );
    }
  };
  const keep = (userIds: readonly string[]) => {
    for (const id of userIds) {
      if (waiting.size < WAITING_MAX || waiting.has(id)) waiting.add(id);
      else dropped.inc();
    }
    retrying ??= retry();
  };
  const retry = async (): Promise<void> => {
    while (waiting.size > 0 && !stopping.signal.aborted) {
      await delay(retryMs, undefined, { signal: stopping.signal }).catch(() => {});
      await tellWaiting();
    }
    retrying = undefined;
  };
  const tellWaiting = async (): Promise<void> => {
    while (waiting.size > 0 && !stopping.signal.aborted) {
      const batch = [...waiting].slice(0, BATCH_MAX);
      // What changes from here on is told anew.
      for (const id of batch) waiting.delete(id);
      try {
        await tell(batch);
        isAnswering = true;
      } catch {
        for (const id of batch) waiting.add(id);
        return;
      }
    }
  };
  return {
    async advance(userIds) {
      if (!isAnswering) {
        keep(userIds);
        return;
      }
      for (let from = 0; from < userIds.length; from += BATCH_MAX) {
        const batch = userIds.slice(from, from + BATCH_MAX);
        try {
          await tell(batch);
        } catch (error) {
          if (stopping.signal.aborted) return;
          if (isAnswering) logger.warn({ err: error }, 'sessions could not be told of a consistency token');
          isAnswering = false;
          keep(userIds.slice(from));
          return;
        }
      }
    },
    async stop() {
      stopping.abort();
      await retrying;
    },
  };
}
