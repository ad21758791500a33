import { decodePart, type HeldScope } from '@gatehouse/client/policy';
import type { PostRoute } from '@gatehouse/http';
import type { AccessRule } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { demandsOf } from '../domain/consistency.ts';
import { typeOf } from '../domain/resource-type.ts';
import { heldScopePages } from '../edge/held-scope-pages.ts';
import { jsonAnswer } from './answers.ts';
import { readAction, readResourceType, readSubject, resourceIdOf } from './entities.ts';
import { readFacts } from './facts.ts';
import { openPage, readPage } from './page.ts';
import { openReading } from './reading.ts';
import { requirementOf } from './requirement.ts';
import { filled, nothingFound, searchRoute } from './search.ts';

export const RESOURCE_SEARCH_PATH = '/access/v1/search/resource';

/** A position: the last scope of a page. */
const POSITION = /^.{0,512}$/;
/** Stands for everywhere, whose scope is empty. */
const EVERYWHERE = '*';

/**
 * Resource Search (AuthZEN, section 8.5): LookupResources over HTTP. The results are the resources of the type that a grant
 * names, whatever else covers them; grants that cover more, exceptions, and what depends on the resource are in the context.
 */
export function resourceSearchRoute(
  { decisions, databaseClock }: Pick<Deps, 'decisions' | 'databaseClock'>,
  access: AccessRule,
): PostRoute {
  return searchRoute(RESOURCE_SEARCH_PATH, access, async (members, { headers, signal }) => {
    const reading = openReading();
    const subject = readSubject(reading, members);
    const action = readAction(reading, members);
    const { type } = readResourceType(reading, members);
    const { unknown: _, ...facts } = readFacts(reading, members, { subject, action });
    const wanted = readPage(reading, members);
    const doubt = reading.assertWellFormed();
    if (doubt) return nothingFound(doubt);
    const { userId } = subject;
    const asked = { ...facts, userId, permission: `${type}:${action.name}` };
    const page = openPage(['resource', asked], POSITION, wanted);
    const standing = await decisions.standing(userId, demandsOf(requirementOf(headers))(userId), signal);
    const question = { ...asked, nowMs: databaseClock.nowMs() };
    const options = { resourceType: type, listsNamed: true, after: page.position, size: page.limit, signal };
    for await (const { scopes, next } of heldScopePages(standing, question, options)) {
      const { results, ...context } = sort(scopes, type);
      return jsonAnswer(page.answer(results, filled(context), next));
    }
    throw new Error('There is no page.');
  });
}

function sort(scopes: readonly HeldScope[], type: string) {
  const typeAsAsked = decodePart(type) ?? type;
  const results: { type: string; id: string }[] = [];
  const covering: string[] = [];
  const except: string[] = [];
  const undetermined: { scope: string; reason: string }[] = [];
  for (const { scope, holds, why } of scopes) {
    const name = scope || EVERYWHERE;
    if (holds === 'undetermined') undetermined.push({ scope: name, reason: why });
    else if (holds === 'denied') except.push(name);
    else if (typeOf(scope) === type) results.push({ type: typeAsAsked, id: resourceIdOf(scope) });
    else covering.push(name);
  }
  return { results, covering, except, undetermined };
}
