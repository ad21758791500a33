import type { RevokeGrantRequest, RevokeGrantResponse } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { changeGrants } from '../store/grants-change.ts';
import { findRoleName } from '../store/roles.ts';
import { deleteGrantById, findGrant } from '../store/stored-grants.ts';

/** Ends a grant; its audit event commits with it or not at all. */
export function revokeGrant({
  events,
  changes,
}: Pick<Deps, 'events' | 'changes'>): Handler<RevokeGrantRequest, RevokeGrantResponse> {
  return async (request, call) =>
    changeGrants(changes, call, request, async (tx) => {
      const { grant } = await findGrant(tx, request.userId, request.grantId);
      const [roleName = ''] = await Promise.all([
        findRoleName(tx, grant.roleId),
        deleteGrantById(tx, grant.userId, grant.id),
      ]);
      await events.roleRevoked(tx, call, { ...grant, reason: request.reason }, roleName);
      return {};
    });
}
