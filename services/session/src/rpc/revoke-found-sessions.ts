import { Failure } from '@gatehouse/failure';
import type {
  RevokeFoundSessionsRequest,
  RevokeFoundSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { formatConsistencyToken } from '../domain/consistency.ts';
import { pageTokens } from '../domain/page-token.ts';
import { isUnconditional, type SessionSearch, wordsOf } from '../domain/session-search.ts';
import { UUID_BYTES, uuidBytes, uuidText } from '../domain/uuid-bytes.ts';
import { revokeFound } from '../store/found-revocations.ts';
import { toRevokedReason } from '../wire/revoked-reason.ts';
import { toSearch } from '../wire/session-search.ts';

const MAX_SESSIONS_DEFAULT = 1_000;
/** Kept back from the deadline, so that what was done is told before it passes. Milliseconds. */
const ANSWER_MS = 200;
/** A step may take so many times as long as the one before. */
const SLOWER_STEP = 3;

/** Ends the active sessions that a search finds, in small steps that each commit. */
export function revokeFoundSessions(
  deps: Pick<Deps, 'db' | 'writes' | 'clock' | 'events' | 'presence' | 'keyRing'>,
): Handler<RevokeFoundSessionsRequest, RevokeFoundSessionsResponse> {
  return async (request, call) => {
    const reason = toRevokedReason(request.reason);
    const search = toSearch(request.search);
    if (isUnconditional(search)) throw searchEmpty();
    const pages = pageTokens(deps.keyRing, ['RevokeFoundSessions', ...wordsOf(search)], UUID_BYTES);
    const key = pages.parse(request.pageToken);
    const consistencyToken = formatConsistencyToken(changeOf(search));
    return revokeFound(
      deps,
      {
        search,
        after: key && uuidText(key, 0),
        max: request.maxSessions || MAX_SESSIONS_DEFAULT,
        reason,
        call,
        request,
        hasTime: (stepMs) => Date.now() + SLOWER_STEP * stepMs + ANSWER_MS < call.deadlineMs,
      },
      ({ count, next }) => ({
        revokedCount: count,
        nextPageToken: next ? pages.format(uuidBytes(next)) : '',
        consistencyToken,
      }),
    );
  };
}

function changeOf({ userId }: SessionSearch) {
  return userId ? ({ of: 'user', userId } as const) : ({ of: 'anybody' } as const);
}

function searchEmpty(): Failure {
  return new Failure('invalid', 'SEARCH_EMPTY', 'A search without a condition would end the sessions of everybody.', {
    fields: [{ field: 'search', description: 'must have a condition' }],
  });
}
