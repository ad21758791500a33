import type {
  DeleteRoleExclusionRequest,
  DeleteRoleExclusionResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pairOf } from '../domain/exclusion.ts';
import { changeModel } from '../store/model-change.ts';
import { deleteExclusion } from '../store/role-exclusions.ts';

/** Lets two roles be held together again; its audit event commits with it or not at all. */
export function deleteRoleExclusion({
  events,
  changes,
}: Pick<Deps, 'events' | 'changes'>): Handler<DeleteRoleExclusionRequest, DeleteRoleExclusionResponse> {
  return async (request, call) => {
    const pair = pairOf(request.roleId, request.excludedRoleId);
    return changeModel(changes, call, request, async (tx) => {
      await deleteExclusion(tx, pair);
      await events.roleExclusionDeleted(tx, call, pair, request.reason);
      return {};
    });
  };
}
