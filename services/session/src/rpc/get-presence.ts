import type { GetPresenceRequest, GetPresenceResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';

/** Tells of users whether they are online. */
export function getPresence({ presence }: Pick<Deps, 'presence'>): Handler<GetPresenceRequest, GetPresenceResponse> {
  return async ({ userIds }) => {
    const times = await presence.find(userIds);
    const presences = userIds.map((userId, i) => ({
      userId,
      isOnline: times[i] !== undefined,
      lastActiveAt: times[i],
    }));
    return { presences };
  };
}
