import type {
  AdvanceAuthzTokensRequest,
  AdvanceAuthzTokensResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { newestOf } from '../domain/authz-token.ts';
import { storeAuthzTokens } from '../store/authz-tokens.ts';

/** Writes into the sessions of users how fresh a check about them must be at least. It is no event: nothing was done. */
export function advanceAuthzTokens({
  db,
  clock,
  invalidations,
}: Pick<Deps, 'db' | 'clock' | 'invalidations'>): Handler<AdvanceAuthzTokensRequest, AdvanceAuthzTokensResponse> {
  return async ({ tokens }, call) => {
    const changed = await db.within(call).transaction(async (tx) => {
      const sessions = await storeAuthzTokens(tx, newestOf(tokens), clock.now());
      invalidations.stage(tx, sessions);
      return sessions;
    });
    await invalidations.settle(changed);
    return {};
  };
}
