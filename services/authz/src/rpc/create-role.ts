import type { Transaction } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import type { CreateRoleRequest, CreateRoleResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { assertDisjoint, levelBelow, parentRoleNotFound, type Role } from '../domain/role.ts';
import { heldEntries } from '../domain/role-update.ts';
import { assertDenialConditions } from '../store/denial-conditions.ts';
import { changeModel } from '../store/model-change.ts';
import { requirePermissionIds } from '../store/permissions.ts';
import { insertRolePermissions, type NewRolePermission } from '../store/role-permissions.ts';
import { insertRole, lockParent } from '../store/roles.ts';

/** Creates a role with its permissions; its audit event commits with it or not at all. */
export function createRole({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): Handler<CreateRoleRequest, CreateRoleResponse> {
  return async (request, call) => {
    const { name, description, parentRoleId, permissions, deniedPermissions, denialConditions } = request;
    assertDisjoint(permissions, deniedPermissions);
    assertDenialConditions('denied_permissions', deniedPermissions, denialConditions);
    const id = uuidv7();
    const createdAt = clock.now();
    return changeModel(changes, call, request, async (tx) => {
      const parent = parentRoleId === '' ? undefined : await findParent(tx, parentRoleId);
      const created: Role = {
        id,
        name,
        description,
        parentRoleId: parent?.id,
        level: levelBelow(parent),
        createdAt,
        createdBy: call.actor?.userId,
      };
      const held = { permissions, deniedPermissions, denialConditions };
      const ids = await requirePermissionIds(tx, [...permissions, ...deniedPermissions]);
      const rows = [...heldEntries(permissions, deniedPermissions, denialConditions)].map(
        ([each, heldAs]): NewRolePermission => ({ id: uuidv7(), permissionId: ids.get(each) ?? '', ...heldAs }),
      );
      await insertRole(tx, created);
      await insertRolePermissions(tx, created, rows);
      await events.roleCreated(tx, call, created, held);
      const { level } = created;
      const times = { createdAt, updatedAt: createdAt };
      const rest = { isSystemRole: false, denialConditionProblems: [] };
      return { role: { roleId: id, name, description, parentRoleId, ...held, level, ...times, ...rest } };
    });
  };
}

async function findParent(tx: Transaction, id: string): Promise<{ readonly id: string; readonly level: number }> {
  const parent = await lockParent(tx, id);
  if (!parent) throw parentRoleNotFound();
  return { id, level: parent.level };
}
