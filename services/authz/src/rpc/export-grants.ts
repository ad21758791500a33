import type { ExportGrantsRequest, ExportGrantsResponse } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { inMessages, type ServerStreamHandler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens, UUID_PART } from '../domain/page-token.ts';
import { exportGrants as read } from '../store/grant-export.ts';
import type { GrantPosition } from '../store/list-grants.ts';
import { problemsOf, toPortable } from '../wire/portable-grant.ts';

const PAGE_SIZE_DEFAULT = 500;

/** Lists all grants. The last message says so; a stream that ends otherwise has an error. */
export function exportGrants({ db }: Pick<Deps, 'db'>): ServerStreamHandler<ExportGrantsRequest, ExportGrantsResponse> {
  return async function* ({ pageSize, pageToken }, call) {
    const pages = pageTokens(['ExportGrants'], [UUID_PART, UUID_PART]);
    const size = pageSize || PAGE_SIZE_DEFAULT;
    let after = toPosition(pages.parse(pageToken));
    for (let isComplete = false; !isComplete; ) {
      const found = await read(db.within(call), after, size);
      const isLastPage = found.length <= size;
      for (const { items, isLast } of inMessages(found.slice(0, size), { itemsMax: size })) {
        const last = items.at(-1)?.grant;
        if (last) after = { userId: last.userId, id: last.id };
        isComplete = isLastPage && isLast;
        yield {
          grants: items.map(({ grant, roleName }) => toPortable(grant, roleName)),
          nextPageToken: isComplete || !after ? '' : pages.format([after.userId, after.id]),
          isComplete,
          conditionProblems: problemsOf(items.map(({ grant }) => grant)),
        };
      }
    }
  };
}

function toPosition([userId, id]: readonly string[] = []): GrantPosition | undefined {
  return userId && id ? { userId, id } : undefined;
}
