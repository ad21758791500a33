import { SessionServiceService as rpcs } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { abortedBy, outOfTime } from '../channel/error-details.ts';
import { type Channel, DEADLINE_MS_MAX } from '../channel/open-channel.ts';
import { createLookups } from '../lookups/lookups.ts';
import { createSessionMemory } from './session-memory.ts';
import { hashToken, isSessionToken, tokenInvalid } from './session-token.ts';
import type { ValidatedSession } from './validated-session.ts';
import { askAboutTokens, BATCH_TOKENS_MAX } from './validation.ts';
import { type Watch, watchSessions } from './watch-sessions.ts';

/** How a token is to be validated. */
export interface ValidateOptions {
  /**
   * `bounded`, the default, may be answered from memory: of this process, or of an instance of the service. A session
   * that was revoked is then accepted for no longer than the bound. `strict` asks the shared store.
   */
  readonly freshness?: 'bounded' | 'strict';
  /** A token that a change has returned: the answer takes that change into account. */
  readonly consistencyToken?: string;
  /** Gives up for this caller alone. */
  readonly signal?: AbortSignal;
  /** How long this caller waits, at most 60,000. Milliseconds. */
  readonly timeoutMs?: number;
}

/** What validated sessions are remembered for in this process. */
export interface CacheOptions {
  /** Most sessions that are remembered, about 1 KiB each; 100,000 when absent. 0: none, and no watch is opened. */
  readonly maxEntries?: number;
  /**
   * For how long a session that was revoked may still be accepted, everything included: 1,000 when absent. Milliseconds.
   * Less than twice the heartbeat of the service (250 by default) leaves little that can be answered from memory.
   */
  readonly boundMs?: number;
  /** How often the service is asked how fresh its knowledge is; 250 when absent. Milliseconds. */
  readonly heartbeatMs?: number;
}

export interface ValidatorOptions {
  readonly channel: Channel;
  readonly cache: CacheOptions;
  readonly pendingMax: number;
  readonly onWarning: (error: Error) => void;
}

/** What the client has done, for metrics. */
export interface SessionStatistics {
  /** Sessions in memory. */
  readonly remembered: number;
  /** Tokens that the service is being asked about. */
  readonly pending: number;
  /** Validations answered from memory, since the client was connected. */
  readonly hits: number;
  /** Questions to the service, of up to 500 tokens each, since the client was connected. */
  readonly batches: number;
  /** Whether sessions may be answered from memory at this moment. */
  readonly isCurrent: boolean;
}

const MAX_ENTRIES = 100_000;
const BOUND_MS = 1_000;
const HEARTBEAT_MS = 250;
const BOUND_MS_MAX = 60_000;
const TOKEN_CHARACTERS_MAX = 256;
/** A sent question is joined only in the first part of its time, so that what is left is enough for who joins. */
const JOIN_OF_DEADLINE = 0.25;

export type Validator = ReturnType<typeof openValidator>;

/** Validates tokens: from memory while that is proven to be fresh, else by asking the service. */
export function openValidator({ channel, cache, pendingMax, onWarning }: ValidatorOptions) {
  const { maxEntries = MAX_ENTRIES, boundMs = BOUND_MS, heartbeatMs = HEARTBEAT_MS } = cache;
  if (!(Number.isInteger(maxEntries) && maxEntries >= 0)) throw new RangeError('maxEntries is 0 or a natural number.');
  if (!(heartbeatMs >= 1 && boundMs > heartbeatMs && boundMs <= BOUND_MS_MAX)) {
    throw new RangeError(`boundMs is more than heartbeatMs, which is at least 1, and at most ${BOUND_MS_MAX}.`);
  }
  const nowMs = () => performance.now();
  const memory = createSessionMemory({ maxEntries, epochMs: Date.now });
  let watch: Watch | undefined;
  let isClosed = false;
  let hits = 0;
  let batches = 0;
  const lookups = createLookups<string, ValidatedSession>({
    send: (batch) => {
      batches += 1;
      return askAboutTokens(channel, memory, { remember: watch?.isHearing === true, nowMs: nowMs() }, batch);
    },
    batchMax: BATCH_TOKENS_MAX,
    plural: 'sessions',
    nowMs,
    deadlineMs: channel.deadlineMs,
    pendingMax,
    joinMs: Math.min(boundMs, channel.deadlineMs * JOIN_OF_DEADLINE),
  });
  const startWatch = () => {
    if (watch || isClosed || maxEntries === 0) return;
    watch = watchSessions({
      open: () => channel.stream(rpcs.watchSessions),
      heartbeatMs,
      boundMs,
      nowMs,
      changed: memory.forget,
      reset: memory.reset,
      onWarning,
    });
  };
  const recall = (token: string) => {
    if (watch === undefined || typeof token !== 'string' || token.length > TOKEN_CHARACTERS_MAX) return undefined;
    const now = nowMs();
    const found = watch.isCurrent(now) ? memory.recall(hashToken(token), now) : undefined;
    if (found !== undefined) hits += 1;
    return found;
  };

  return {
    memory,
    /** Forgets what is known of a token, also by questions that are under way. */
    forgetToken(token: string): void {
      const known = memory.recall(hashToken(token), nowMs());
      if (known) memory.forget(known.session.sessionId);
      memory.distrustReadings();
      lookups.sealSent();
    },
    sealSent: () => lookups.sealSent(),
    peek: (token: string): ValidatedSession | undefined => recall(token)?.session,
    validate(token: string, options: ValidateOptions = {}): Promise<ValidatedSession> {
      const { freshness = 'bounded', consistencyToken = '', signal, timeoutMs } = options;
      if (signal?.aborted) return Promise.reject(abortedBy(signal));
      const known = freshness === 'bounded' && consistencyToken === '' ? recall(token) : undefined;
      if (known) return known.promise;
      if (!isSessionToken(token)) return Promise.reject(tokenInvalid());
      if (timeoutMs !== undefined && !(timeoutMs > 0)) return Promise.reject(outOfTime());
      startWatch();
      const caller = { signal, timeoutMs: timeoutMs && Math.min(timeoutMs, DEADLINE_MS_MAX) };
      return lookups.find(token, token, { freshness, consistencyToken }, caller);
    },
    statistics: (): SessionStatistics => ({
      remembered: memory.size,
      pending: lookups.pending,
      hits,
      batches,
      isCurrent: watch?.isCurrent(nowMs()) === true,
    }),
    close(): void {
      isClosed = true;
      watch?.stop();
      watch = undefined;
      lookups.close();
      memory.reset();
    },
  };
}
