import { setImmediate } from 'node:timers/promises';
import { type HeldScope, heldScopes } from '@gatehouse/client/policy';
import type { LookupResourcesRequest, LookupResourcesResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { ServerStreamHandler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pageTokens } from '../domain/page-token.ts';
import { liesBelow } from '../domain/resource-type.ts';
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
    const { model, held } = await decisions.standing(userId, toDemands(consistency)(userId), call.signal);
    const question = { ...toAsked({ ...request, resource: '' }), nowMs: databaseClock.nowMs() };
    const size = request.pageSize || PAGE_SIZE_DEFAULT;
    let page: HeldScope[] = [];
    for (const each of heldScopes(model, held.grants, question)) {
      if ((after !== undefined && each.scope <= after) || liesBelow(each.scope, resourceType)) continue;
      if (page.length === size) {
        const nextPageToken = pages.format([page.at(-1)?.scope ?? '']);
        yield { scopes: page.map(toHeldScope), nextPageToken, isComplete: false };
        page = [];
        // A user with very many grants must not keep others waiting.
        await setImmediate();
      }
      page.push(each);
    }
    yield { scopes: page.map(toHeldScope), nextPageToken: '', isComplete: true };
  };
}
