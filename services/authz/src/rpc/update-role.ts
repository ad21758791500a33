import type { Transaction } from '@gatehouse/postgres';
import type { UpdateRoleRequest, UpdateRoleResponse } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { rolesExcluded } from '../domain/grant.ts';
import { assertChangeable, parentRoleNotFound, type StoredRole } from '../domain/role.ts';
import { levelsDown } from '../domain/role-move.ts';
import { assertOnce, change, type Held, type HeldChange, namesOf } from '../domain/role-update.ts';
import { assertDenialConditions } from '../store/denial-conditions.ts';
import { findHeld, type HeldStep, storeHeld } from '../store/held-permissions.ts';
import { lockSubtrees } from '../store/lock-roles.ts';
import { changeModel } from '../store/model-change.ts';
import { findBreachOfMove } from '../store/moved-breach.ts';
import { requirePermissionIds } from '../store/permissions.ts';
import { lockParent } from '../store/roles.ts';
import { describeRole, findRole, moveRole } from '../store/stored-roles.ts';
import { toRoleMessage, toRoleWords } from '../wire/role.ts';

/** Changes a role; its audit event commits with it or not at all. */
export function updateRole({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): Handler<UpdateRoleRequest, UpdateRoleResponse> {
  return async (request, call) => {
    assertOnce(request);
    assertDenialConditions('add_denied_permissions', request.addDeniedPermissions, request.denialConditions);
    const at = clock.now();
    return changeModel(changes, call, request, async (tx) => {
      const before = await findRole(tx, request.roleId);
      assertChangeable(before);
      if (request.parentRoleId !== undefined) await move(tx, before, request.parentRoleId || undefined, at);
      await describeRole(tx, before.id, request.description ?? before.description, at);
      const held = await changeHeld(tx, before.id, request, { at, by: call.actor?.userId });
      const role = await findRole(tx, before.id);
      await events.roleUpdated(tx, call, role, toRoleWords(request));
      return { role: toRoleMessage(role, held) };
    });
  };
}

async function changeHeld(
  tx: Transaction,
  roleId: string,
  wanted: HeldChange,
  by: Pick<HeldStep, 'at' | 'by'>,
): Promise<Held> {
  const ids = await requirePermissionIds(tx, namesOf(wanted));
  const before = await findHeld(tx, roleId);
  const after = change(before, wanted);
  await storeHeld(tx, roleId, { before, after, ids, ...by });
  return after;
}

/** Puts a role, with its subtree, below another one, or none. What was granted meanwhile is seen, or waits. */
async function move(tx: Transaction, role: StoredRole, parentRoleId: string | undefined, at: Date): Promise<void> {
  const subtree = await lockSubtrees(tx, [role.id]);
  const parent = parentRoleId === undefined ? undefined : await lockParent(tx, parentRoleId);
  if (parentRoleId !== undefined && !parent) throw parentRoleNotFound();
  const down = levelsDown(role, subtree, parentRoleId && parent ? { id: parentRoleId, ...parent } : undefined);
  const ids = subtree.map(({ id }) => id);
  await moveRole(tx, { id: role.id, parentRoleId, down, subtree: ids, at });
  const breach = await findBreachOfMove(tx, role.id, ids);
  if (breach) throw rolesExcluded(breach.roleId, breach.excludedRoleId);
}
