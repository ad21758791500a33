import type { UpdatePermissionRequest, UpdatePermissionResponse } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { Permission } from '../domain/permission.ts';
import { assertCondition } from '../store/conditions.ts';
import { changeModel } from '../store/model-change.ts';
import { findPermission, storePermission } from '../store/stored-permissions.ts';
import { toPermissionMessage } from '../wire/permission.ts';

/** Changes a permission; its audit event commits with it or not at all. */
export function updatePermission({
  events,
  changes,
}: Pick<Deps, 'events' | 'changes'>): Handler<UpdatePermissionRequest, UpdatePermissionResponse> {
  return async (request, call) => {
    assertCondition('condition', request.condition ?? '');
    return changeModel(changes, call, request, async (tx) => {
      const before = await findPermission(tx, request.permissionId);
      const permission: Permission = {
        ...before,
        description: request.description ?? before.description,
        category: request.category ?? before.category,
        isDangerous: request.isDangerous ?? before.isDangerous,
        condition: request.condition ?? before.condition,
      };
      await storePermission(tx, permission);
      await events.permissionUpdated(tx, call, permission, before);
      return { permission: toPermissionMessage(permission) };
    });
  };
}
