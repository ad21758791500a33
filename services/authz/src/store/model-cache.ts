import type { Model } from '@gatehouse/client/policy';
import type { Database } from '@gatehouse/postgres';
import type { InvalidationBus } from '@gatehouse/redis';
import { loadModel } from './model.ts';
import { MODEL_ID, type ModelRevisions } from './model-revisions.ts';

/** The model in the memory of this instance. */
export interface ModelCache {
  /** The model, if it is current within the bus's bound and of `atLeast` or later; undefined when that is not known. */
  peek(atLeast: bigint): Model | undefined;
  /**
   * The model, current within the bound, and of `atLeast` or later if the database has come that far. Throws Failure
   * `unavailable` when no store can tell which is current, or Postgres does not give it.
   */
  current(atLeast: bigint, signal: AbortSignal): Promise<Model>;
  /** The model of `revision` or later, which Postgres has been seen to have. */
  reach(revision: bigint): Promise<Model>;
  /** What is in memory may never have happened. */
  forget(): void;
}

export interface ModelCacheOptions {
  readonly db: Pick<Database, 'query'>;
  readonly bus: Pick<InvalidationBus, 'current'>;
  readonly revisions: Pick<ModelRevisions, 'peek' | 'get'>;
  /** Is told of each model that is kept. */
  readonly loaded: (model: Model) => void;
}

/**
 * Keeps the model, and answers with it as long as its revision is known to be the current one. That is known within the
 * bound of the bus for the same reason as a user's grants are: every change is staged with its transaction and told by
 * whichever instance can (see changes.ts), and memory is used only while the bus is current. While it is not, each
 * check reads the revision from Postgres.
 */
export function openModelCache({ db, bus, revisions, loaded: tell }: ModelCacheOptions): ModelCache {
  let model: Model | undefined;
  let loading: Promise<void> | undefined;
  let timesForgotten = 0;

  const load = async () => {
    const forgottenBefore = timesForgotten;
    const loaded = await loadModel(db);
    if (forgottenBefore !== timesForgotten) return;
    if (model && loaded.revision <= model.revision) return;
    model = loaded;
    tell(loaded);
  };
  const reach = async (revision: bigint): Promise<Model> => {
    while (!model || model.revision < revision) {
      // A load that is running may have begun before the revision was committed; one that begins now has not.
      const running = loading;
      const forgottenBefore = timesForgotten;
      loading ??= load().finally(() => {
        loading = undefined;
      });
      await loading;
      if (!running && forgottenBefore === timesForgotten) break;
    }
    if (!model || model.revision < revision) throw new Error('The revision of the model went back.');
    return model;
  };
  return {
    peek(atLeast) {
      const revision = revisions.peek(MODEL_ID, atLeast);
      return revision !== undefined && model && model.revision >= revision ? model : undefined;
    },
    async current(atLeast, signal) {
      const freshness = bus.current ? 'bounded' : 'full';
      const found = await revisions.get(MODEL_ID, { freshness, minVersion: atLeast, signal });
      if (found.state !== 'found') throw new Error(`The revision of the model is ${found.state}.`);
      return reach(found.value);
    },
    reach,
    forget() {
      timesForgotten += 1;
      model = undefined;
      loading = undefined;
    },
  };
}
