import type { ListEventsRequest, ListEventsResponse } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatPageToken, parsePageToken } from '../domain/page-token.ts';
import { findEvents } from '../store/find-events.ts';
import { toEventFilter } from '../wire/event-filter.ts';
import { encodePage, withPageToken } from '../wire/page.ts';

const PAGE_SIZE = 100;

/** Lists events in the order in which they happened; each page begins behind the last event of the one before. */
export function listEvents({ db }: Pick<Deps, 'db'>): Handler<ListEventsRequest, ListEventsResponse> {
  return async (request, call) => {
    const filter = toEventFilter(request);
    const after = request.pageToken === '' ? undefined : parsePageToken(request.pageToken, filter);
    const size = request.pageSize || PAGE_SIZE;
    // One more than the page holds tells whether another one follows.
    const events = await findEvents(db.within(call), filter, after, size + 1);
    const { bytes, goOnAfter } = encodePage(events, size);
    return goOnAfter ? withPageToken(bytes, formatPageToken(goOnAfter, filter)) : bytes;
  };
}
