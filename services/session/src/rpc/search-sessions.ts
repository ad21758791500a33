import type { SearchSessionsRequest, SearchSessionsResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens } from '../domain/page-token.ts';
import { wordsOf } from '../domain/session-search.ts';
import { UUID_BYTES, uuidBytes, uuidText } from '../domain/uuid-bytes.ts';
import { searchSessions as search } from '../store/search-sessions.ts';
import { toListed } from '../wire/session.ts';
import { toSearch } from '../wire/session-search.ts';

const PAGE_SIZE_DEFAULT = 50;

/** Finds active sessions of any user, oldest first. */
export function searchSessions({
  db,
  clock,
  keyRing,
}: Pick<Deps, 'db' | 'clock' | 'keyRing'>): Handler<SearchSessionsRequest, SearchSessionsResponse> {
  return async (request, call) => {
    const conditions = toSearch(request.search);
    const pages = pageTokens(keyRing, ['SearchSessions', ...wordsOf(conditions)], UUID_BYTES);
    const key = pages.parse(request.pageToken);
    const { sessions, next } = await search(db.within(call), {
      search: conditions,
      after: key && uuidText(key, 0),
      at: clock.now(),
      limit: request.pageSize || PAGE_SIZE_DEFAULT,
    });
    return { sessions: sessions.map(toListed), nextPageToken: next ? pages.format(uuidBytes(next)) : '' };
  };
}
