import type { ReadModelRequest, ReadModelResponse } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import type { ServerStreamHandler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { findModelRevision } from '../store/model.ts';
import { toModelParts } from '../wire/model-parts.ts';

/**
 * Reads the whole model, from memory if that is of the revision that Postgres names: within the bound will not do, because
 * what a caller keeps must not be older than what its watch has told, or will not tell again.
 */
export function readModel({
  db,
  models,
}: Pick<Deps, 'db' | 'models'>): ServerStreamHandler<ReadModelRequest, ReadModelResponse> {
  return async function* (_request, call) {
    yield* toModelParts(await models.reach(await findModelRevision(db.within(call))));
  };
}
