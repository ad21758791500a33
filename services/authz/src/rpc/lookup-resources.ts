import { setImmediate } from 'node:timers/promises';
import type { LookupResourcesRequest, LookupResourcesResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { ServerStreamHandler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens } from '../domain/page-token.ts';
import { heldScopePages } from '../edge/held-scope-pages.ts';
import { toHeldScope } from '../wire/held-scope.ts';
import { toAsked, toDemands } from '../wire/question.ts';

const PAGE_SIZE_DEFAULT = 100;
/** A position: the last scope of the page. */
const POSITION = [/^.{0,512}$/];

/** Lists where a user holds a permission. The last message says so; a stream that ends otherwise has an error. */
export function lookupResources({
  decisions,
  databaseClock,
}: Pick<Deps, 'decisions' | 'databaseClock'>): ServerStreamHandler<LookupResourcesRequest, LookupResourcesResponse> {
  return async function* (request, call) {
    const { userId, permission, resourceType, consistency, pageToken } = request;
    const pages = pageTokens(['LookupResources', userId, permission, resourceType], POSITION);
    const [after] = pages.parse(pageToken) ?? [];
    const standing = await decisions.standing(userId, toDemands(consistency)(userId), call.signal);
    const question = { ...toAsked({ ...request, resource: '' }), nowMs: databaseClock.nowMs() };
    const size = request.pageSize || PAGE_SIZE_DEFAULT;
    const options = { resourceType, after, size, signal: call.signal };
    for await (const { scopes, next } of heldScopePages(standing, question, options)) {
      yield {
        scopes: scopes.map(toHeldScope),
        nextPageToken: next === undefined ? '' : pages.format([next]),
        isComplete: next === undefined,
      };
      // A user with very many grants must not keep others waiting.
      if (next !== undefined) await setImmediate();
    }
  };
}
