import { uuidv7 } from '@gatehouse/process';
import type { GrantRoleRequest, GrantRoleResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatToken } from '../domain/consistency.ts';
import { assertGrantable, type RoleGrant, roleNotFound } from '../domain/grant.ts';
import { grantsChanged } from '../store/changes.ts';
import { findModelRevision } from '../store/model.ts';
import { bumpRevision } from '../store/revisions.ts';
import { findStanding, insertGrant } from '../store/role-grants.ts';
import { findRoleName } from '../store/roles.ts';

/** Gives a role to a user; its audit event commits with it or not at all. */
export function grantRole({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): Handler<GrantRoleRequest, GrantRoleResponse> {
  return async ({ userId, roleId, reason }, call) => {
    const grant: RoleGrant = {
      id: uuidv7(),
      userId,
      roleId,
      grantedAt: clock.now(),
      grantedBy: call.actor?.userId,
      reason,
    };
    const { revision, modelRevision } = await changes.commit(call, async (tx) => {
      const bumped = await bumpRevision(tx, userId);
      const roleName = await findRoleName(tx, roleId);
      if (roleName === undefined) throw roleNotFound();
      assertGrantable(await findStanding(tx, userId, roleId));
      await insertGrant(tx, grant);
      await events.roleGranted(tx, call, grant, roleName);
      const model = await findModelRevision(tx);
      return { revision: bumped, modelRevision: model, changed: grantsChanged(userId, bumped) };
    });
    return {
      grant: { grantId: grant.id, userId, roleId, grantedAt: grant.grantedAt, reason },
      consistencyToken: formatToken({ modelRevision, user: { id: userId, revision } }),
    };
  };
}
