import { WatchServiceService as rpcs } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import { abortedBy, outOfTime } from '../channel/error-details.ts';
import { type Channel, closedError, DEADLINE_MS_MAX } from '../channel/open-channel.ts';
import { GatehouseError } from '../gatehouse-error.ts';
import type { Caller } from '../lookups/caller.ts';
import { createLookups, type Demand } from '../lookups/lookups.ts';
import { ALLOWED, DENIED, type Verdict } from '../policy/index.ts';
import { askService, BATCH_QUESTIONS_MAX, questionKey } from './check-requests.ts';
import { createConsistencyTokens } from './consistency-tokens.ts';
import { createDatabaseClock } from './database-clock.ts';
import { createGrantsMemory, type KnownUser } from './grants-memory.ts';
import { createLaterChecks } from './later-checks.ts';
import { createLocalChecks, type Later } from './local-checks.ts';
import { createModelCopy } from './model-copy.ts';
import { openingOf, type PermissionCacheOptions } from './permission-cache-options.ts';
import type { PermissionQuestion } from './permission-question.ts';
import type { CheckOptions, PeekOptions, Permissions } from './permissions.ts';
import { questionInvalid, questionProblem } from './question-problem.ts';
import { BATCH_USERS_MAX, readGrants } from './read-grants.ts';
import { readModel } from './read-model.ts';
import { type ChangeWatch, watchChanges } from './watch-changes.ts';

export interface PermissionsOptions {
  readonly channel: Channel;
  readonly cache: PermissionCacheOptions;
  readonly pendingMax: number;
  readonly onWarning: (error: Error) => void;
}

/** A sent question is joined only in the first part of its time, so that what is left is enough for who joins. */
const JOIN_OF_DEADLINE = 0.25;
const NO_OPTIONS: PeekOptions = {};
const BOUNDED: Demand = { freshness: 'bounded', consistencyToken: '' };
/** The log has the changes of this user under the model's name. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
// Made once, because a hit should leave nothing to the garbage collector.
const WHEN_ALLOWED = Promise.resolve(ALLOWED);
const WHEN_DENIED = Promise.resolve(DENIED);

/** Checks permissions: from memory while that is proven to be fresh, else by asking the service. */
export function openPermissions({ channel, cache, pendingMax, onWarning }: PermissionsOptions) {
  const { maxUsers, boundMs, heartbeatMs } = openingOf(cache);
  const nowMs = () => performance.now();
  const memory = createGrantsMemory(maxUsers);
  const models = createModelCopy({ read: () => readModel(channel), onWarning });
  const clock = createDatabaseClock();
  const local = createLocalChecks();
  const tokens = createConsistencyTokens();
  const laterChecks = createLaterChecks(channel.deadlineMs);
  let watch: ChangeWatch | undefined;
  let isClosed = false;
  let hits = 0;
  let batches = 0;
  const inCommon = {
    nowMs,
    deadlineMs: channel.deadlineMs,
    pendingMax,
    joinMs: Math.min(boundMs, channel.deadlineMs * JOIN_OF_DEADLINE),
  };
  const users = createLookups<string, KnownUser>({
    ...inCommon,
    send: (batch) => readGrants(channel, memory, batch, watch?.isHearing === true),
    batchMax: BATCH_USERS_MAX,
    plural: 'users',
  });
  const checks = createLookups<PermissionQuestion, Verdict>({
    ...inCommon,
    send: (batch) => {
      batches += 1;
      return askService(channel, batch);
    },
    batchMax: BATCH_QUESTIONS_MAX,
    plural: 'checks',
  });
  const forget = () => {
    memory.reset();
    models.reset();
    users.sealSent();
    checks.sealSent();
  };
  const startWatch = () => {
    if (watch || isClosed || maxUsers === 0) return;
    watch = watchChanges({
      open: () => channel.stream(rpcs.watchChanges),
      heartbeatMs,
      boundMs,
      nowMs,
      changed(userId, revision) {
        if (userId === '') models.changed(revision);
        memory.changed(userId || NOBODY, revision);
        users.sealSent();
        checks.sealSent();
      },
      reset: forget,
      hearing: () => models.want(),
      heardTime: clock.heard,
      onWarning,
    });
  };
  /** Decides from memory, by these grants or those that are there, if it is as new as the token demands. */
  const decideHere = (question: PermissionQuestion, token: string, read?: KnownUser): Verdict | Later | undefined => {
    const now = nowMs();
    const copy = watch?.isCurrent(now) ? models.current : undefined;
    const known = copy && (read ?? memory.recall(question.userId));
    if (!copy || !known) return undefined;
    const { revision } = copy.model;
    if (token !== '' && !tokens.areMet(token, question.userId, known.revision, revision)) return undefined;
    return local.decide(question, known, copy, clock.at(now));
  };
  const askAbout = (question: PermissionQuestion, demand: Demand, caller: Caller) =>
    checks.find(questionKey(question), question, demand, caller);
  /** Decides here, after reading the user's grants where `later` is not given; the service decides what can't be decided so. */
  const decideOrAsk = async (
    question: PermissionQuestion,
    demand: Demand,
    caller: Caller,
    later: Later | undefined,
  ): Promise<Verdict> => {
    const startedAtMs = nowMs();
    const left = (): Caller => {
      const timeoutMs = caller.timeoutMs && caller.timeoutMs - (nowMs() - startedAtMs);
      if (timeoutMs !== undefined && timeoutMs <= 0) throw outOfTime();
      return { ...caller, timeoutMs };
    };
    const read = later
      ? undefined
      : await users.find(question.userId, question.userId, BOUNDED, caller).catch(passOver);
    const known = later ?? (read && decideHere(question, demand.consistencyToken, read));
    const verdict = typeof known === 'function' ? await laterChecks.finish(known, left()) : known;
    if (verdict && later) hits += 1;
    return verdict ?? askAbout(question, demand, left());
  };
  /** What memory says at once: an error where the question takes more than one may. */
  const recall = (question: PermissionQuestion, token: string): Verdict | Later | GatehouseError | undefined => {
    try {
      const known = decideHere(question, token);
      if (known && typeof known !== 'function') hits += 1;
      return known;
    } catch (error) {
      if (error instanceof GatehouseError) return error;
      throw error;
    }
  };

  const permissions: Permissions = {
    peek(question: PermissionQuestion, { consistencyToken = '' }: PeekOptions = NO_OPTIONS) {
      const known = recall(question, consistencyToken);
      return typeof known === 'function' || known instanceof GatehouseError ? undefined : known;
    },
    check(question: PermissionQuestion, options: CheckOptions = {}): Promise<Verdict> {
      const { freshness = 'bounded', consistencyToken = '', signal, timeoutMs } = options;
      if (signal?.aborted) return Promise.reject(abortedBy(signal));
      const isBounded = freshness === 'bounded';
      const known = isBounded ? recall(question, consistencyToken) : undefined;
      if (known instanceof GatehouseError) return Promise.reject(known);
      if (known && typeof known !== 'function') return settled(known);
      const problem = questionProblem(question);
      if (problem) return Promise.reject(questionInvalid(problem));
      if (timeoutMs !== undefined && !(timeoutMs > 0)) return Promise.reject(outOfTime());
      startWatch();
      const caller = { signal, timeoutMs: timeoutMs && Math.min(timeoutMs, DEADLINE_MS_MAX) };
      const demand = { freshness, consistencyToken };
      const canDecide = known ?? (isBounded && watch?.isCurrent(nowMs()) && models.current);
      return canDecide ? decideOrAsk(question, demand, caller, known) : askAbout(question, demand, caller);
    },
    statistics: () => ({
      remembered: memory.size,
      pending: users.pending + checks.pending,
      hits,
      batches,
      isCurrent: watch?.isCurrent(nowMs()) === true && models.current !== undefined,
    }),
  };
  return {
    permissions,
    close(): void {
      isClosed = true;
      watch?.stop();
      watch = undefined;
      models.stop();
      laterChecks.end(closedError());
      users.close();
      checks.close();
      memory.reset();
    },
  };
}

function settled(verdict: Verdict): Promise<Verdict> {
  if (verdict === ALLOWED) return WHEN_ALLOWED;
  return verdict === DENIED ? WHEN_DENIED : Promise.resolve(verdict);
}

/** The service can still decide when Postgres can't be read, from what it remembers. */
function passOver(error: unknown): undefined {
  if (error instanceof GatehouseError && error.code === 'UNAVAILABLE') return undefined;
  throw error;
}
