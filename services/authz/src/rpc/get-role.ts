import type { GetRoleRequest, GetRoleResponse } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { findHeld } from '../store/held-permissions.ts';
import { findModelRevision } from '../store/model.ts';
import { findRole } from '../store/stored-roles.ts';
import { toRoleMessage } from '../wire/role.ts';

/** Returns a role with its permissions. */
export function getRole({ db }: Pick<Deps, 'db'>): Handler<GetRoleRequest, GetRoleResponse> {
  return async ({ roleId }, call) => {
    const within = db.within(call);
    // The revision comes first: a change that is based on it is refused if the answer holds something newer.
    const revision = await findModelRevision(within);
    const role = await findRole(within, roleId);
    return { role: toRoleMessage(role, await findHeld(within, roleId)), revision };
  };
}
