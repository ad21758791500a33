import { uuidv7 } from '@gatehouse/process';
import type { CreatePermissionRequest, CreatePermissionResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { type Permission, splitName } from '../domain/permission.ts';
import { assertCondition } from '../store/conditions.ts';
import { changeModel } from '../store/model-change.ts';
import { insertPermission } from '../store/permissions.ts';
import { assertHeldName } from '../wire/names.ts';
import { toPermissionMessage } from '../wire/permission.ts';

/** Creates a permission; its audit event commits with it or not at all. */
export function createPermission({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): Handler<CreatePermissionRequest, CreatePermissionResponse> {
  return async (request, call) => {
    const { name, description, category, isDangerous, condition } = request;
    assertHeldName(name, 'name');
    assertCondition('condition', condition);
    const permission: Permission = {
      id: uuidv7(),
      ...splitName(name),
      description,
      category,
      isDangerous,
      condition,
      createdAt: clock.now(),
      createdBy: call.actor?.userId,
    };
    return changeModel(changes, call, request, async (tx) => {
      await insertPermission(tx, permission);
      await events.permissionCreated(tx, call, permission);
      return { permission: toPermissionMessage(permission) };
    });
  };
}
