import { closedError } from '../channel/open-channel.ts';
import { GatehouseError } from '../gatehouse-error.ts';
import { type Caller, wait } from './caller.ts';
import { type Deferred, deferred } from './deferred.ts';
import type { ValidatedSession } from './validated-session.ts';

/** What callers must have in common for one question to be enough for them. */
export interface Demand {
  readonly freshness: 'bounded' | 'strict';
  /** Empty: none. */
  readonly consistencyToken: string;
}

/** One question to the service about several tokens. */
export interface Batch extends Demand {
  readonly tokens: readonly string[];
  /** How long the question may take. Milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when nobody waits for any answer any more. */
  readonly signal: AbortSignal;
}

/** What was found out about one token. */
export type Finding = ValidatedSession | GatehouseError;

export interface LookupOptions {
  /** Asks the service; resolves to a finding for each token, in their order. Rejects with GatehouseError. */
  readonly send: (batch: Batch) => Promise<readonly Finding[]>;
  readonly nowMs: () => number;
  /** How long everybody waits who does not say otherwise. Milliseconds. */
  readonly deadlineMs: number;
  /** Most tokens that are waited for at a time. */
  readonly pendingMax: number;
  /** How long after it was sent a question may still be joined by those who are content with the bound. Milliseconds. */
  readonly joinMs: number;
}

/** Questions about session tokens, gathered into batches. */
export interface Lookups {
  /** Rejects with CLIENT_QUEUE_FULL when too many tokens are waited for, and otherwise as the service answers. */
  find(token: string, demand: Demand, caller: Caller): Promise<ValidatedSession>;
  /** Lets nobody join what was sent before: something has changed. */
  sealSent(): void;
  close(): void;
  readonly pending: number;
}

/** Most tokens in one question (BatchValidateSessionsRequest). */
export const BATCH_TOKENS_MAX = 500;

/** A token that is being asked about. */
interface Lookup extends Deferred<ValidatedSession> {
  readonly group: Group;
  readonly token: string;
  callers: number;
}

/** Lookups that go into one question. */
interface Group extends Demand {
  readonly key: string;
  readonly lookups: Map<string, Lookup>;
  readonly abort: AbortController;
  timeoutMs: number;
  callers: number;
  /** Infinity while it is gathered. On the monotonic clock. */
  sentAtMs: number;
}

/**
 * Callers who ask for the same token before the question is sent share it, and those who are content with the bound may
 * join one that was sent a moment ago. Different tokens are gathered until the event loop has gone around once: nobody
 * waits for company, and the busier the process is, the larger the batches get.
 */
export function createLookups({ send, nowMs, deadlineMs, pendingMax, joinMs }: LookupOptions): Lookups {
  const gathered = new Map<string, Group>();
  const joinable = new Map<string, Lookup>();
  const underWay = new Set<Group>();
  let pending = 0;
  let flush: NodeJS.Immediate | undefined;
  let isClosed = false;

  const groupFor = (key: string, demand: Demand): Group => {
    const abort = new AbortController();
    const started = {
      ...demand,
      key,
      lookups: new Map(),
      abort,
      timeoutMs: 0,
      callers: 0,
      sentAtMs: Number.POSITIVE_INFINITY,
    };
    const group: Group = gathered.get(key) ?? started;
    gathered.set(key, group);
    underWay.add(group);
    flush ??= setImmediate(sendGathered);
    return group;
  };
  const lookupFor = (group: Group, token: string): Lookup => {
    const known = group.lookups.get(token);
    if (known) return known;
    const lookup = { ...deferred<ValidatedSession>(), group, token, callers: 0 };
    group.lookups.set(token, lookup);
    pending += 1;
    return lookup;
  };
  const sendGathered = () => {
    flush = undefined;
    for (const group of gathered.values()) dispatch(group);
  };
  const dispatch = (group: Group) => {
    gathered.delete(group.key);
    if (group.lookups.size === 0) return void underWay.delete(group);
    group.sentAtMs = nowMs();
    if (group.freshness === 'bounded') {
      for (const [token, lookup] of group.lookups) joinable.set(group.key + token, lookup);
    }
    const { freshness, consistencyToken, timeoutMs, abort } = group;
    const tokens = [...group.lookups.keys()];
    send({ freshness, consistencyToken, tokens, timeoutMs, signal: abort.signal }).then(
      (findings) => finish(group, findings),
      (error: GatehouseError) => finish(group, Array(tokens.length).fill(error)),
    );
  };
  const finish = (group: Group, findings: readonly Finding[]) => {
    underWay.delete(group);
    pending -= group.lookups.size;
    let index = 0;
    for (const [token, lookup] of group.lookups) {
      if (joinable.get(group.key + token) === lookup) joinable.delete(group.key + token);
      settle(lookup, findings[index++] ?? closedError());
    }
  };
  const join = (lookup: Lookup, caller: Caller): Promise<ValidatedSession> => {
    lookup.callers += 1;
    lookup.group.callers += 1;
    return wait(lookup.promise, caller, () => leave(lookup));
  };
  const leave = (lookup: Lookup) => {
    const { group, token } = lookup;
    const isSent = group.sentAtMs !== Number.POSITIVE_INFINITY;
    lookup.callers -= 1;
    group.callers -= 1;
    if (lookup.callers === 0 && !isSent && group.lookups.delete(token)) pending -= 1;
    if (group.callers === 0 && isSent) group.abort.abort();
  };

  return {
    find(token, demand, caller) {
      if (isClosed) return Promise.reject(closedError());
      const timeoutMs = Math.max(deadlineMs, caller.timeoutMs ?? 0);
      // Who waits longer than everybody must not make everybody wait.
      const key = `${demand.freshness} ${demand.consistencyToken} ${timeoutMs > deadlineMs ? 'long' : ''} `;
      const sent = joinable.get(key + token);
      if (sent && nowMs() - sent.group.sentAtMs < joinMs) return join(sent, caller);
      if (pending >= pendingMax && !gathered.get(key)?.lookups.has(token)) return Promise.reject(queueFull());
      const group = groupFor(key, demand);
      group.timeoutMs = Math.max(group.timeoutMs, timeoutMs);
      const found = join(lookupFor(group, token), caller);
      if (group.lookups.size >= BATCH_TOKENS_MAX) dispatch(group);
      return found;
    },
    sealSent: () => joinable.clear(),
    close() {
      isClosed = true;
      clearImmediate(flush);
      for (const group of underWay) {
        for (const lookup of group.lookups.values()) settle(lookup, closedError());
        group.abort.abort();
      }
    },
    get pending() {
      return pending;
    },
  };
}

function settle(lookup: Lookup, finding: Finding): void {
  if (finding instanceof GatehouseError) lookup.reject(finding);
  else lookup.resolve(finding);
}

function queueFull(): GatehouseError {
  return new GatehouseError(
    'RESOURCE_EXHAUSTED',
    'CLIENT_QUEUE_FULL',
    'Too many sessions are being validated at once.',
  );
}
