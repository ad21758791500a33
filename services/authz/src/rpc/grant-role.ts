import { uuidv7 } from '@gatehouse/process';
import type { GrantRoleRequest, GrantRoleResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { assertGrantable, assertPeriod, roleNotFound, rolesExcluded, type StoredGrant } from '../domain/grant.ts';
import { assertCondition } from '../store/conditions.ts';
import { findBreach } from '../store/exclusions.ts';
import { changeGrants } from '../store/grants-change.ts';
import { findStanding, insertGrant } from '../store/role-grants.ts';
import { findRoleName } from '../store/roles.ts';
import { toGrantMessage } from '../wire/grant.ts';
import { toScope } from '../wire/names.ts';

/** Gives a role to a user; its audit event commits with it or not at all. */
export function grantRole({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): Handler<GrantRoleRequest, GrantRoleResponse> {
  return async (request, call) => {
    const { userId, roleId, reason, validFrom, validUntil, condition, requiresApproval } = request;
    const scope = toScope(request.scope, 'scope');
    assertCondition('condition', condition);
    const grant: StoredGrant = {
      id: uuidv7(),
      userId,
      roleId,
      grantedAt: clock.now(),
      grantedBy: call.actor?.userId,
      reason,
      scope,
      validFrom,
      validUntil,
      condition,
      status: requiresApproval ? 'pending' : 'active',
      approvedBy: undefined,
      approvedAt: undefined,
      updatedBy: undefined,
      updatedAt: undefined,
    };
    return changeGrants(changes, call, request, async (tx) => {
      const [roleName, standing] = await Promise.all([
        findRoleName(tx, roleId),
        findStanding(tx, userId, roleId, scope),
      ]);
      if (roleName === undefined) throw roleNotFound();
      assertPeriod(grant, standing.nowMs);
      assertGrantable(standing);
      const [breach] = await Promise.all([findBreach(tx, [...standing.roleIds, roleId]), insertGrant(tx, grant)]);
      if (breach) throw rolesExcluded(breach.roleId, breach.excludedRoleId);
      await events.roleGranted(tx, call, grant, roleName);
      return { grant: toGrantMessage(grant) };
    });
  };
}
