import type { ListPermissionsRequest, ListPermissionsResponse } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens } from '../domain/page-token.ts';
import { nameOf } from '../domain/permission.ts';
import { findModelRevision } from '../store/model.ts';
import { listPermissions as list } from '../store/stored-permissions.ts';
import { toPermissionMessage } from '../wire/permission.ts';

const PAGE_SIZE_DEFAULT = 50;
/** A position: the last name of the page. */
const NAME = /^[^:]{1,128}:[^:]{1,128}$/;

/** Lists permissions by name, all or those of a category. */
export function listPermissions({ db }: Pick<Deps, 'db'>): Handler<ListPermissionsRequest, ListPermissionsResponse> {
  return async ({ category, pageSize, pageToken }, call) => {
    const pages = pageTokens(['ListPermissions', category], [NAME]);
    const [after = ''] = pages.parse(pageToken) ?? [];
    const limit = pageSize || PAGE_SIZE_DEFAULT;
    // The revision comes first: a change that is based on it is refused if the page holds something newer.
    const revision = await findModelRevision(db.within(call));
    const found = await list(db.within(call), { category, after, limit });
    const permissions = found.slice(0, limit);
    const last = found.length > limit ? permissions.at(-1) : undefined;
    return {
      permissions: permissions.map(toPermissionMessage),
      nextPageToken: last ? pages.format([nameOf(last)]) : '',
      revision,
    };
  };
}
