import type { ListSessionsRequest, ListSessionsResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens } from '../domain/page-token.ts';
import { UUID_BYTES, uuidBytes, uuidText } from '../domain/uuid-bytes.ts';
import { mayAdminister } from '../peers/acting.ts';
import { listActiveSessions, listAllSessions } from '../store/list-sessions.ts';
import { toListed } from '../wire/session.ts';

/** What a user needs to see the sessions of others. */
const PERMISSION = 'sessions:read';
const PAGE_SIZE_DEFAULT = 50;

/** Lists a user's sessions, newest first. */
export function listSessions({
  db,
  clock,
  acting,
  keyRing,
}: Pick<Deps, 'db' | 'clock' | 'acting' | 'keyRing'>): Handler<ListSessionsRequest, ListSessionsResponse> {
  return async ({ userId, deviceFingerprint, includeEnded, pageSize, pageToken }, call) => {
    await mayAdminister(acting, call, { ownerId: userId, permission: PERMISSION });
    const pages = pageTokens(keyRing, ['ListSessions', userId, deviceFingerprint, includeEnded], UUID_BYTES);
    const key = pages.parse(pageToken);
    const list = includeEnded ? listAllSessions : listActiveSessions;
    const { sessions, next } = await list(db.within(call), {
      userId,
      deviceFingerprint,
      before: key && uuidText(key, 0),
      at: clock.now(),
      limit: pageSize || PAGE_SIZE_DEFAULT,
    });
    return { sessions: sessions.map(toListed), nextPageToken: next ? pages.format(uuidBytes(next)) : '' };
  };
}
