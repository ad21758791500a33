import type { Transaction } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import type { CreateRoleRequest, CreateRoleResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatToken } from '../domain/consistency.ts';
import { assertDisjoint, levelBelow, parentRoleNotFound, type Role } from '../domain/role.ts';
import { modelChanged } from '../store/changes.ts';
import { bumpModelRevision } from '../store/model.ts';
import { requirePermissionIds } from '../store/permissions.ts';
import { insertRolePermissions, type NewRolePermission } from '../store/role-permissions.ts';
import { insertRole, lockParent } from '../store/roles.ts';

/** Creates a role with its permissions; its audit event commits with it or not at all. */
export function createRole({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): Handler<CreateRoleRequest, CreateRoleResponse> {
  return async ({ name, description, parentRoleId, permissions, deniedPermissions }, call) => {
    assertDisjoint(permissions, deniedPermissions);
    const id = uuidv7();
    const createdAt = clock.now();
    const { role, modelRevision } = await changes.commit(call, async (tx) => {
      const revision = await bumpModelRevision(tx);
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
      const names = [...permissions, ...deniedPermissions];
      const ids = await requirePermissionIds(tx, names);
      const held = names.map((each, index): NewRolePermission => {
        const effect = index < permissions.length ? 'allow' : 'deny';
        return { id: uuidv7(), permissionId: ids.get(each) ?? '', effect };
      });
      await insertRole(tx, created);
      await insertRolePermissions(tx, created, held);
      await events.roleCreated(tx, call, created, { permissions, deniedPermissions });
      return { role: created, modelRevision: revision, changed: modelChanged(revision) };
    });
    return {
      role: {
        roleId: id,
        name,
        description,
        parentRoleId,
        permissions,
        deniedPermissions,
        level: role.level,
        createdAt,
        updatedAt: createdAt,
        isSystemRole: false,
      },
      consistencyToken: formatToken({ modelRevision }),
    };
  };
}

async function findParent(tx: Transaction, id: string): Promise<{ readonly id: string; readonly level: number }> {
  const parent = await lockParent(tx, id);
  if (!parent) throw parentRoleNotFound();
  return { id, level: parent.level };
}
