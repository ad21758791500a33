import { decide, type Model, type StepCount, type Verdict } from '@gatehouse/client/policy';
import type { Timeline } from '@gatehouse/postgres';
import type { InvalidationBus } from '@gatehouse/redis';
import { type Demand, tokenInvalid } from '../domain/consistency.ts';
import type { Question } from '../domain/question.ts';
import type { DatabaseClock } from './database-clock.ts';
import type { GrantsCache } from './grants-cache.ts';
import type { ModelCache } from './model-cache.ts';
import { openMeter } from './steps.ts';
import type { UserGrants } from './user-grants.ts';

/** What there is to judge by. */
export interface Standing {
  readonly model: Model;
  readonly held: UserGrants;
  /** Revision of the user's grants. */
  readonly revision: bigint;
}

/**
 * Goes on with a question whose conditions have to wait for a turn of the event loop. Rejects with Failure `limited` as a
 * meter tells, and with what the signal is aborted for.
 */
export type Later = (signal: AbortSignal) => Promise<Verdict>;

/** Decides. The one way in which permissions are decided, whoever asks. */
export interface Decisions {
  /** The time by the database's clock, for a question that is asked now. Unix milliseconds. */
  nowMs(): number;
  /**
   * Decides from the memory of this instance, as of when it was asked; undefined when that is not enough. What takes longer
   * than a turn of the event loop may goes on later, if it is called. `steps` are those of the request that the question belongs
   * to, where that may have others. Throws Failure `limited` as a meter tells.
   */
  peek(question: Question, steps?: StepCount): Verdict | Later | undefined;
  /**
   * Decides, from as far away as it takes, as of when that is there. Throws Failure `unavailable` when no store can tell, and `invalid`
   * CONSISTENCY_TOKEN_INVALID when the demand is for a state that the database has not reached. One for a state that was lost
   * in a failover is met by what is there. Also throws as `peek` does.
   */
  decide(question: Question, signal: AbortSignal, steps?: StepCount): Promise<Verdict>;
  /** The user's grants and the model, as fresh as demanded. Throws as `decide` does, but never for steps. */
  standing(userId: string, demand: Demand, signal: AbortSignal): Promise<Standing>;
}

export function openDecisions({
  grants,
  models,
  bus,
  databaseClock,
  timeline,
}: {
  readonly grants: GrantsCache;
  readonly models: ModelCache;
  readonly bus: Pick<InvalidationBus, 'current'>;
  readonly databaseClock: Pick<DatabaseClock, 'nowMs'>;
  readonly timeline: Pick<Timeline, 'isLost'>;
}): Decisions {
  // A change that was lost can't be waited for: what the database says is as fresh as can be.
  const isShort = (revision: bigint, demanded: bigint) => revision < demanded && !timeline.isLost(demanded);
  const modelFor = async (
    demand: Demand,
    held: UserGrants,
    areFromPostgres: boolean,
    signal: AbortSignal,
  ): Promise<Model> => {
    // Grants that were just read bring the revision of the model with them, which saves a statement.
    if (areFromPostgres && (demand.full || !bus.current)) {
      const model = await models.reach(held.modelRevision);
      // A read that others share may have begun before the write that is demanded.
      if (model.revision >= demand.modelRevision) return model;
    }
    return models.current(later(demand.modelRevision, held.modelRevision), signal);
  };
  const standing: Decisions['standing'] = async (userId, demand, signal) => {
    const freshness = demand.full ? 'full' : 'bounded';
    const found = await grants.get(userId, { freshness, minVersion: demand.userRevision, signal });
    if (found.state !== 'found') throw new Error(`The grants of a user are ${found.state}.`);
    const model = await modelFor(demand, found.value, found.layer === 'l3', signal);
    if (isShort(found.version, demand.userRevision) || isShort(model.revision, demand.modelRevision)) {
      throw tokenInvalid('It is of a state that the database has not reached.');
    }
    return { model, held: found.value, revision: found.version };
  };
  // What is decided at once, as nearly everything is, needs no meter of its own.
  let shared = openMeter();
  const judge = (
    model: Model,
    { grants: ofUser }: UserGrants,
    question: Question,
    steps: StepCount | undefined,
  ): Verdict | Later => {
    const meter = shared.next(steps);
    const verdict = decide(model, ofUser, question, meter);
    if (verdict) return verdict;
    shared = openMeter();
    return (signal) => meter.finish(() => decide(model, ofUser, question, meter), signal);
  };
  return {
    nowMs: databaseClock.nowMs,
    standing,
    peek(question, steps) {
      const { userId, demand } = question;
      if (demand.full) return undefined;
      const model = models.peek(demand.modelRevision);
      const held = model && grants.peek(userId, demand.userRevision);
      if (!held || held.modelRevision > model.revision) return undefined;
      return judge(model, held, question, steps);
    },
    async decide(question, signal, steps) {
      const { model, held } = await standing(question.userId, question.demand, signal);
      const verdict = judge(model, held, { ...question, nowMs: databaseClock.nowMs() }, steps);
      return typeof verdict === 'function' ? verdict(signal) : verdict;
    },
  };
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
