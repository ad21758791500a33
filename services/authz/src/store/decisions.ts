import { decide as judge, type Model, type Verdict } from '@gatehouse/client/policy';
import type { Timeline } from '@gatehouse/postgres';
import type { InvalidationBus } from '@gatehouse/redis';
import { type Demand, tokenInvalid } from '../domain/consistency.ts';
import type { Question } from '../domain/question.ts';
import type { DatabaseClock } from './database-clock.ts';
import type { GrantsCache } from './grants-cache.ts';
import type { ModelCache } from './model-cache.ts';
import type { UserGrants } from './user-grants.ts';

/** What there is to judge by. */
export interface Standing {
  readonly model: Model;
  readonly held: UserGrants;
  /** Revision of the user's grants. */
  readonly revision: bigint;
}

/** Decides. The one way in which permissions are decided, whoever asks. */
export interface Decisions {
  /** The time by the database's clock, for a question that is asked now. Unix milliseconds. */
  nowMs(): number;
  /** Decides from the memory of this instance, as of when it was asked; undefined when that is not enough. */
  peek(question: Question): Verdict | undefined;
  /**
   * Decides, from as far away as it takes, as of when that is there. Throws Failure `unavailable` when no store can tell, and `invalid`
   * CONSISTENCY_TOKEN_INVALID when the demand is for a state that the database has not reached. One for a state that was lost
   * in a failover is met by what is there.
   */
  decide(question: Question, signal: AbortSignal): Promise<Verdict>;
  /** The user's grants and the model, as fresh as demanded. Throws as `decide` does. */
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
  return {
    nowMs: databaseClock.nowMs,
    standing,
    peek(question) {
      const { userId, demand } = question;
      if (demand.full) return undefined;
      const model = models.peek(demand.modelRevision);
      const held = model && grants.peek(userId, demand.userRevision);
      if (!held || held.modelRevision > model.revision) return undefined;
      return judge(model, held.grants, question);
    },
    async decide(question, signal) {
      const { model, held } = await standing(question.userId, question.demand, signal);
      return judge(model, held.grants, { ...question, nowMs: databaseClock.nowMs() });
    },
  };
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
