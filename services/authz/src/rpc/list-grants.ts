import type { ListGrantsRequest, ListGrantsResponse } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens, UUID_PART } from '../domain/page-token.ts';
import { type GrantPosition, listGrantsOfRole, listGrantsOfUser } from '../store/list-grants.ts';
import { toGrantMessage } from '../wire/grant.ts';

const PAGE_SIZE_DEFAULT = 50;

/** Lists the grants of a user or of a role. */
export function listGrants({ db }: Pick<Deps, 'db'>): Handler<ListGrantsRequest, ListGrantsResponse> {
  return async ({ of, includeEnded, pageSize, pageToken }, call) => {
    // The limits of the fields have made sure that there is one.
    const { $case, value } = of ?? { $case: 'userId', value: '' };
    const pages = pageTokens(['ListGrants', $case, value, includeEnded], [UUID_PART, UUID_PART]);
    const list = $case === 'userId' ? listGrantsOfUser : listGrantsOfRole;
    const after = toPosition(pages.parse(pageToken));
    const { grants, next } = await list(db.within(call), value, after, pageSize || PAGE_SIZE_DEFAULT);
    return {
      grants: grants
        .filter(({ hasEnded }) => includeEnded || !hasEnded)
        .map(({ grant, revision }) => ({ grant: toGrantMessage(grant), revision })),
      nextPageToken: next ? pages.format([next.userId, next.id]) : '',
    };
  };
}

function toPosition([userId, id]: readonly string[] = []): GrantPosition | undefined {
  return userId && id ? { userId, id } : undefined;
}
