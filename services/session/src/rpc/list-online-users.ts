import type { ListOnlineUsersRequest, ListOnlineUsersResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens } from '../domain/page-token.ts';

const PAGE_SIZE_DEFAULT = 100;
/** A page begins after a number of whole shards. */
const KEY_BYTES = 2;

/** Lists the users who are online, in no particular order. */
export function listOnlineUsers({
  presence,
  keyRing,
}: Pick<Deps, 'presence' | 'keyRing'>): Handler<ListOnlineUsersRequest, ListOnlineUsersResponse> {
  const pages = pageTokens(keyRing, ['ListOnlineUsers'], KEY_BYTES);
  return async ({ pageSize, pageToken }) => {
    const shard = pages.parse(pageToken)?.readUInt16BE() ?? 0;
    const { users, next } = await presence.list(shard, pageSize || PAGE_SIZE_DEFAULT);
    return {
      presences: users.map(({ userId, lastActiveAt }) => ({ userId, isOnline: true, lastActiveAt })),
      nextPageToken: next === undefined ? '' : pages.format(toKey(next)),
    };
  };
}

function toKey(shard: number): Buffer {
  const key = Buffer.alloc(KEY_BYTES);
  key.writeUInt16BE(shard);
  return key;
}
