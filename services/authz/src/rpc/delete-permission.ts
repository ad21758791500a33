import type { DeletePermissionRequest, DeletePermissionResponse } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { assertDeletable } from '../domain/permission.ts';
import { changeModel } from '../store/model-change.ts';
import { countPermissionUses, deleteStoredPermission, findPermission } from '../store/stored-permissions.ts';

/** Deletes a permission; its audit event commits with it or not at all. */
export function deletePermission({
  events,
  changes,
}: Pick<Deps, 'events' | 'changes'>): Handler<DeletePermissionRequest, DeletePermissionResponse> {
  return async (request, call) =>
    changeModel(changes, call, request, async (tx) => {
      const permission = await findPermission(tx, request.permissionId);
      // Whoever gives it to a role changes the model, and waits.
      const use = await countPermissionUses(tx, permission.id);
      assertDeletable(use, request.force);
      await deleteStoredPermission(tx, permission.id);
      await events.permissionDeleted(tx, call, permission, use.roles);
      return {};
    });
}
