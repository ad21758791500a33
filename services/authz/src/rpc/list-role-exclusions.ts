import type {
  ListRoleExclusionsRequest,
  ListRoleExclusionsResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { RolePair } from '../domain/exclusion.ts';
import { pageTokens, UUID_PART } from '../domain/page-token.ts';
import { findModelRevision } from '../store/model.ts';
import { listExclusions } from '../store/role-exclusions.ts';
import { toExclusionMessage } from '../wire/exclusion.ts';

const PAGE_SIZE_DEFAULT = 50;

/** Lists the exclusions, or those of one role. */
export function listRoleExclusions({
  db,
}: Pick<Deps, 'db'>): Handler<ListRoleExclusionsRequest, ListRoleExclusionsResponse> {
  return async ({ roleId, pageSize, pageToken }, call) => {
    const pages = pageTokens(['ListRoleExclusions', roleId], [UUID_PART, UUID_PART]);
    const after = toPair(pages.parse(pageToken));
    // The revision comes first: a change that is based on it is refused if the page holds something newer.
    const revision = await findModelRevision(db.within(call));
    const options = { roleId: roleId || undefined, after, limit: pageSize || PAGE_SIZE_DEFAULT };
    const { exclusions, next } = await listExclusions(db.within(call), options);
    return {
      exclusions: exclusions.map(toExclusionMessage),
      nextPageToken: next ? pages.format([next.roleId, next.excludedRoleId]) : '',
      revision,
    };
  };
}

function toPair([roleId, excludedRoleId]: readonly string[] = []): RolePair | undefined {
  return roleId && excludedRoleId ? { roleId, excludedRoleId } : undefined;
}
