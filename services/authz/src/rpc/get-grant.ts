import type { GetGrantRequest, GetGrantResponse } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { findGrant } from '../store/stored-grants.ts';
import { toGrantMessage } from '../wire/grant.ts';

/** Returns a grant. */
export function getGrant({ db }: Pick<Deps, 'db'>): Handler<GetGrantRequest, GetGrantResponse> {
  return async ({ userId, grantId }, call) => {
    const { grant, revision } = await findGrant(db.within(call), userId, grantId);
    return { grant: toGrantMessage(grant), revision };
  };
}
