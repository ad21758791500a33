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
  writes,
  clock,
}: Pick<Deps, 'writes' | 'clock'>): Handler<AdvanceAuthzTokensRequest, AdvanceAuthzTokensResponse> {
  return (request, call) =>
    writes.commit(call, request, async (tx) => ({
      reply: {},
      changed: await storeAuthzTokens(tx, newestOf(request.tokens), clock.now()),
    }));
}
