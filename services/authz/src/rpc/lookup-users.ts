import type { LookupUsersRequest, LookupUsersResponse } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { ServerStreamHandler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { subjectOf } from '../domain/consistency.ts';
import { pageTokens } from '../domain/page-token.ts';
import { FIRST_USER } from '../store/permission-holders.ts';
import { toAsked, toRequirement } from '../wire/question.ts';

const PAGE_SIZE_DEFAULT = 100;
/** A position: the user with whom the next page begins. */
const POSITION = [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/];

/** Lists every user who holds a permission. The last message says so; a stream that ends otherwise has an error. */
export function lookupUsers({
  decisions,
  holders,
}: Pick<Deps, 'decisions' | 'holders'>): ServerStreamHandler<LookupUsersRequest, LookupUsersResponse> {
  return async function* (request, call) {
    const { permission, resource, consistency, pageSize, pageToken } = request;
    const pages = pageTokens(['LookupUsers', permission, resource], POSITION);
    const [begin = FIRST_USER] = pages.parse(pageToken) ?? [];
    const { userId, demand } = subjectOf(toRequirement(consistency), FIRST_USER);
    // Postgres is never behind what it has given a token for; a token that it has not given is refused here.
    await decisions.standing(userId, demand, call.signal);
    const found = holders(toAsked({ ...request, userId: '' }));
    for (let from: string | undefined = begin; from !== undefined; ) {
      const { allowed, undetermined, next } = await found.page(from, pageSize || PAGE_SIZE_DEFAULT, call.signal);
      yield {
        userIds: [...allowed],
        undetermined: undetermined.map((each) => ({ userId: each.userId, undetermined: each.why })),
        nextPageToken: next === undefined ? '' : pages.format([next]),
        isComplete: next === undefined,
      };
      from = next;
    }
  };
}
