import type { GetUserGrantsRequest, GetUserGrantsResponse } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { findGrantsOfUsers } from '../store/grants-of-users.ts';
import { toUserGrants } from '../wire/user-grants.ts';

/** Reads users' grants, always from Postgres: what a caller keeps must not be older than what its watch has told. */
export function getUserGrants({ db }: Pick<Deps, 'db'>): Handler<GetUserGrantsRequest, GetUserGrantsResponse> {
  return async ({ userIds }, call) => {
    const { users, modelRevision } = await findGrantsOfUsers(db.within(call), userIds);
    return { users: toUserGrants(users), modelRevision };
  };
}
