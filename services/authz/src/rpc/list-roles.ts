import type { ListRolesRequest, ListRolesResponse } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens } from '../domain/page-token.ts';
import { findModelRevision } from '../store/model.ts';
import { listRoles as list } from '../store/stored-roles.ts';
import { toRoleMessage } from '../wire/role.ts';

const PAGE_SIZE_DEFAULT = 50;
const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/;

/** Lists roles by name, all or the children of one. */
export function listRoles({ db }: Pick<Deps, 'db'>): Handler<ListRolesRequest, ListRolesResponse> {
  return async ({ parentRoleId, pageSize, pageToken }, call) => {
    const pages = pageTokens(['ListRoles', parentRoleId], [NAME]);
    const [after = ''] = pages.parse(pageToken) ?? [];
    const limit = pageSize || PAGE_SIZE_DEFAULT;
    // The revision comes first: a change that is based on it is refused if the page holds something newer.
    const revision = await findModelRevision(db.within(call));
    const found = await list(db.within(call), { parentRoleId: parentRoleId || undefined, after, limit });
    const roles = found.slice(0, limit);
    const last = found.length > limit ? roles.at(-1) : undefined;
    return {
      roles: roles.map((role) => toRoleMessage(role)),
      nextPageToken: last ? pages.format([last.name]) : '',
      revision,
    };
  };
}
