import type { RevokeRoleRequest, RevokeRoleResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatToken } from '../domain/consistency.ts';
import { grantNotFound } from '../domain/grant.ts';
import { grantsChanged } from '../store/changes.ts';
import { findModelRevision } from '../store/model.ts';
import { bumpRevision } from '../store/revisions.ts';
import { deleteGrant } from '../store/role-grants.ts';
import { findRoleName } from '../store/roles.ts';

/** Takes a role from a user; its audit event commits with it or not at all. */
export function revokeRole({
  events,
  changes,
}: Pick<Deps, 'events' | 'changes'>): Handler<RevokeRoleRequest, RevokeRoleResponse> {
  return async ({ userId, roleId, reason, scope }, call) => {
    const { revision, modelRevision } = await changes.commit(call, async (tx) => {
      const bumped = await bumpRevision(tx, userId);
      const id = await deleteGrant(tx, userId, roleId, scope);
      if (id === undefined) throw grantNotFound();
      const roleName = (await findRoleName(tx, roleId)) ?? '';
      await events.roleRevoked(tx, call, { id, userId, roleId, reason, scope }, roleName);
      const model = await findModelRevision(tx);
      return { revision: bumped, modelRevision: model, changed: grantsChanged(userId, bumped) };
    });
    return { consistencyToken: formatToken({ modelRevision, user: { id: userId, revision } }) };
  };
}
