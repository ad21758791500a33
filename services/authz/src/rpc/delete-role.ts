import type { DeleteRoleRequest, DeleteRoleResponse } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { assertChangeable, assertUnused } from '../domain/role.ts';
import { lockSubtrees } from '../store/lock-roles.ts';
import { changeModel } from '../store/model-change.ts';
import { countUses, deleteUnusedRole, findRole } from '../store/stored-roles.ts';

/** Deletes a role that nobody has; its audit event commits with it or not at all. */
export function deleteRole({
  events,
  changes,
}: Pick<Deps, 'events' | 'changes'>): Handler<DeleteRoleRequest, DeleteRoleResponse> {
  return async (request, call) =>
    changeModel(changes, call, request, async (tx) => {
      const role = await findRole(tx, request.roleId);
      assertChangeable(role);
      // A grant of it that is being made is seen, or finds that it is gone.
      await lockSubtrees(tx, [role.id]);
      assertUnused(await countUses(tx, role.id));
      await deleteUnusedRole(tx, role.id);
      await events.roleDeleted(tx, call, role);
      return {};
    });
}
