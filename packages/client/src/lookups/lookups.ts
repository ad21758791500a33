import { closedError } from '../channel/open-channel.ts';
import { GatehouseError } from '../gatehouse-error.ts';
import { type Caller, wait } from './caller.ts';
import { type Deferred, deferred } from './deferred.ts';

/** What callers must have in common for one question to be enough for them. */
export interface Demand {
  readonly freshness: 'bounded' | 'strict';
  /** Empty: none. */
  readonly consistencyToken: string;
}

/** One question to the service about several subjects. */
export interface Batch<Subject> extends Demand {
  readonly subjects: readonly Subject[];
  /** How long the question may take. Milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when nobody waits for any answer any more. */
  readonly signal: AbortSignal;
}

/** What was found out about one subject. */
export type Finding<Value> = Value | GatehouseError;

export interface LookupOptions<Subject, Value> {
  /** Asks the service; resolves to a finding for each subject, in their order. Rejects with GatehouseError. */
  readonly send: (batch: Batch<Subject>) => Promise<readonly Finding<Value>[]>;
  /** Most subjects in one question. */
  readonly batchMax: number;
  /** What is looked up, in the plural, for people. */
  readonly plural: string;
  readonly nowMs: () => number;
  /** How long everybody waits who does not say otherwise. Milliseconds. */
  readonly deadlineMs: number;
  /** Most subjects that are waited for at a time. */
  readonly pendingMax: number;
  /** How long after it was sent a question may still be joined by those who are content with the bound. Milliseconds. */
  readonly joinMs: number;
}

/** Questions to the service, gathered into batches. */
export interface Lookups<Subject, Value> {
  /**
   * Subjects with the same key are the same. Rejects with CLIENT_QUEUE_FULL when too many are waited for, and otherwise as
   * the service answers.
   */
  find(key: string, subject: Subject, demand: Demand, caller: Caller): Promise<Value>;
  /** Lets nobody join what was sent before: something has changed. */
  sealSent(): void;
  close(): void;
  readonly pending: number;
}

/** A subject that is being asked about. */
interface Lookup<Subject, Value> extends Deferred<Value> {
  readonly group: Group<Subject, Value>;
  readonly key: string;
  readonly subject: Subject;
  callers: number;
}

/** Lookups that go into one question. */
interface Group<Subject, Value> extends Demand {
  readonly key: string;
  readonly lookups: Map<string, Lookup<Subject, Value>>;
  readonly abort: AbortController;
  timeoutMs: number;
  callers: number;
  /** Infinity while it is gathered. On the monotonic clock. */
  sentAtMs: number;
}

/**
 * Callers who ask for the same subject before the question is sent share it, and those who are content with the bound may
 * join one that was sent a moment ago. Different subjects are gathered until the event loop has gone around once: nobody
 * waits for company, and the busier the process is, the larger the batches get.
 */
export function createLookups<Subject, Value extends object>(
  options: LookupOptions<Subject, Value>,
): Lookups<Subject, Value> {
  const { send, batchMax, plural, nowMs, deadlineMs, pendingMax, joinMs } = options;
  const gathered = new Map<string, Group<Subject, Value>>();
  const joinable = new Map<string, Lookup<Subject, Value>>();
  const underWay = new Set<Group<Subject, Value>>();
  let pending = 0;
  let flush: NodeJS.Immediate | undefined;
  let isClosed = false;

  const groupFor = (key: string, demand: Demand): Group<Subject, Value> => {
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
    const group: Group<Subject, Value> = gathered.get(key) ?? started;
    gathered.set(key, group);
    underWay.add(group);
    flush ??= setImmediate(sendGathered);
    return group;
  };
  const lookupFor = (group: Group<Subject, Value>, key: string, subject: Subject): Lookup<Subject, Value> => {
    const known = group.lookups.get(key);
    if (known) return known;
    const lookup = { ...deferred<Value>(), group, key, subject, callers: 0 };
    group.lookups.set(key, lookup);
    pending += 1;
    return lookup;
  };
  const sendGathered = () => {
    flush = undefined;
    for (const group of gathered.values()) dispatch(group);
  };
  const dispatch = (group: Group<Subject, Value>) => {
    gathered.delete(group.key);
    if (group.lookups.size === 0) return void underWay.delete(group);
    group.sentAtMs = nowMs();
    if (group.freshness === 'bounded') {
      for (const [key, lookup] of group.lookups) joinable.set(group.key + key, lookup);
    }
    const { freshness, consistencyToken, timeoutMs, abort } = group;
    const subjects = [...group.lookups.values()].map(({ subject }) => subject);
    send({ freshness, consistencyToken, subjects, timeoutMs, signal: abort.signal }).then(
      (findings) => finish(group, findings),
      (error: GatehouseError) => finish(group, Array(subjects.length).fill(error)),
    );
  };
  const finish = (group: Group<Subject, Value>, findings: readonly Finding<Value>[]) => {
    underWay.delete(group);
    pending -= group.lookups.size;
    let index = 0;
    for (const [key, lookup] of group.lookups) {
      if (joinable.get(group.key + key) === lookup) joinable.delete(group.key + key);
      settle(lookup, findings[index++] ?? closedError());
    }
  };
  const join = (lookup: Lookup<Subject, Value>, caller: Caller): Promise<Value> => {
    lookup.callers += 1;
    lookup.group.callers += 1;
    return wait(lookup.promise, caller, () => leave(lookup));
  };
  const leave = (lookup: Lookup<Subject, Value>) => {
    const { group, key } = lookup;
    const isSent = group.sentAtMs !== Number.POSITIVE_INFINITY;
    lookup.callers -= 1;
    group.callers -= 1;
    if (lookup.callers === 0 && !isSent && group.lookups.delete(key)) pending -= 1;
    if (group.callers === 0 && isSent) group.abort.abort();
  };

  return {
    find(key, subject, demand, caller) {
      if (isClosed) return Promise.reject(closedError());
      const timeoutMs = Math.max(deadlineMs, caller.timeoutMs ?? 0);
      // Who waits longer than everybody must not make everybody wait.
      const groupKey = `${demand.freshness} ${demand.consistencyToken} ${timeoutMs > deadlineMs ? 'long' : ''} `;
      const sent = joinable.get(groupKey + key);
      if (sent && nowMs() - sent.group.sentAtMs < joinMs) return join(sent, caller);
      if (pending >= pendingMax && !gathered.get(groupKey)?.lookups.has(key)) return Promise.reject(queueFull(plural));
      const group = groupFor(groupKey, demand);
      group.timeoutMs = Math.max(group.timeoutMs, timeoutMs);
      const found = join(lookupFor(group, key, subject), caller);
      if (group.lookups.size >= batchMax) dispatch(group);
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

function settle<Value>(lookup: Deferred<Value>, finding: Finding<Value>): void {
  if (finding instanceof GatehouseError) lookup.reject(finding);
  else lookup.resolve(finding);
}

function queueFull(plural: string): GatehouseError {
  return new GatehouseError('RESOURCE_EXHAUSTED', 'CLIENT_QUEUE_FULL', `Too many ${plural} are waited for at once.`);
}
