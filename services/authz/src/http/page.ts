import { fieldsInvalid } from '@gatehouse/rpc';
import { pageTokens } from '../domain/page-token.ts';
import { type Members, memberAt, type Reading } from './reading.ts';

/** What a request says of the page that it wants. */
export interface PageRequest {
  /** undefined: as many as it likes to be. */
  readonly limit: number | undefined;
  /** Empty: the first page. */
  readonly token: string;
}

/** One page of a search. */
export interface Page {
  /** Most results. */
  readonly limit: number;
  /** Where it begins, as the page before has said; undefined: at the beginning. */
  readonly position: string | undefined;
  /** The members `page` and `results` of an answer; `next` is where the next page begins, undefined where there is none. */
  answer(results: readonly object[], context: object, next: string | undefined): string;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 500;
const LIMIT = /^(?:[1-9]\d?|[1-4]\d\d|500)$/;

/** Reads the member `page` of a request (AuthZEN, section 8.2.1). */
export function readPage(reading: Reading, members: Members): PageRequest {
  const page = reading.optionalObject(members, 'page') ?? {};
  const token = memberAt(page, 'page.token') ?? '';
  const limit = memberAt(page, 'page.limit');
  if (typeof token !== 'string') reading.refuse('page.token', 'must be a string');
  const isLimit = typeof limit === 'number' && Number.isInteger(limit) && limit >= 0;
  if (limit !== undefined && !isLimit) reading.refuse('page.limit', 'must be a whole number, and not be negative');
  return {
    token: typeof token === 'string' ? token : '',
    limit: isLimit && limit > 0 ? Math.min(limit, LIMIT_MAX) : undefined,
  };
}

/**
 * The page of a search. A token holds the limit of its search, and is good for the same search only: `search` is all that it
 * asks. Throws Failure `invalid` PAGE_TOKEN_INVALID, and FIELD_INVALID where the limit is another one than before.
 */
export function openPage(search: readonly unknown[], position: RegExp, { limit, token }: PageRequest): Page {
  const tokens = pageTokens(['AuthZEN', canonical(search)], [LIMIT, position]);
  const [before, at] = tokens.parse(token) ?? [];
  const limitBefore = before === undefined ? undefined : Number(before);
  if (limit !== undefined && limitBefore !== undefined && limit !== limitBefore) {
    throw fieldsInvalid([{ field: 'page.limit', description: 'must be that of the first page, or be left out' }]);
  }
  const size = limitBefore ?? limit ?? LIMIT_DEFAULT;
  return {
    limit: size,
    position: at,
    answer: (results, context, next) =>
      JSON.stringify({
        page: { next_token: next === undefined ? '' : tokens.format([String(size), next]), count: results.length },
        ...(Object.keys(context).length > 0 && { context }),
        results,
      }),
  };
}

/** JSON that is the same for the same values, in whatever order members were sent. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, each) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
