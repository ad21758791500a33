import type { PostRoute } from '@gatehouse/http';
import type { AccessRule } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { subjectOf } from '../domain/consistency.ts';
import { UUID_PART } from '../domain/page-token.ts';
import { FIRST_USER } from '../store/permission-holders.ts';
import { jsonAnswer } from './answers.ts';
import { readAction, readResource, readSubjectType } from './entities.ts';
import { readFacts } from './facts.ts';
import { openPage, readPage } from './page.ts';
import { openReading } from './reading.ts';
import { requirementOf } from './requirement.ts';
import { filled, nothingFound, searchRoute } from './search.ts';

export const SUBJECT_SEARCH_PATH = '/access/v1/search/subject';

/**
 * Subject Search (AuthZEN, section 8.4): LookupUsers over HTTP. Whether an id is that of a user or of a service account is not
 * known here, so that each is found as what was asked for.
 */
export function subjectSearchRoute(
  { decisions, holders }: Pick<Deps, 'decisions' | 'holders'>,
  access: AccessRule,
): PostRoute {
  return searchRoute(SUBJECT_SEARCH_PATH, access, async (members, { headers, signal }) => {
    const reading = openReading();
    const subject = readSubjectType(reading, members);
    const action = readAction(reading, members);
    const resource = readResource(reading, members);
    const { unknown: _, ...facts } = readFacts(reading, members, { subject, action, resource });
    const wanted = readPage(reading, members);
    const doubt = reading.assertWellFormed();
    if (doubt) return nothingFound(doubt);
    const asked = { ...facts, userId: '', permission: `${resource.type}:${action.name}`, resource: resource.path };
    const { type } = subject;
    const page = openPage(['subject', type, asked], UUID_PART, wanted);
    // Postgres is never behind what it has given a token for; a token that it has not given is refused here.
    const { userId, demand } = subjectOf(requirementOf(headers), FIRST_USER);
    await decisions.standing(userId, demand, signal);
    const found = await holders(asked).page(page.position ?? FIRST_USER, page.limit, signal);
    const undetermined = found.undetermined.map(({ userId: id, why }) => ({ type, id, reason: why }));
    const results = found.allowed.map((id) => ({ type, id }));
    return jsonAnswer(page.answer(results, filled({ undetermined }), found.next));
  });
}
