import type { RevokeRoleRequest, RevokeRoleResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { grantNotFound } from '../domain/grant.ts';
import { changeGrants } from '../store/grants-change.ts';
import { deleteGrant } from '../store/role-grants.ts';
import { findRoleName } from '../store/roles.ts';
import { toScope } from '../wire/names.ts';

/** Takes a role from a user; its audit event commits with it or not at all. */
export function revokeRole({
  events,
  changes,
}: Pick<Deps, 'events' | 'changes'>): Handler<RevokeRoleRequest, RevokeRoleResponse> {
  return async (request, call) => {
    const { userId, roleId, reason } = request;
    const scope = toScope(request.scope, 'scope');
    return changeGrants(changes, call, request, async (tx) => {
      const [id, roleName = ''] = await Promise.all([deleteGrant(tx, userId, roleId, scope), findRoleName(tx, roleId)]);
      if (id === undefined) throw grantNotFound();
      await events.roleRevoked(tx, call, { id, userId, roleId, reason, scope }, roleName);
      return {};
    });
  };
}
