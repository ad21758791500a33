import { ANY, decideForList, decodePart } from '@gatehouse/client/policy';
import type { PostRoute } from '@gatehouse/http';
import type { AccessRule } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { demandsOf } from '../domain/consistency.ts';
import { openMeter } from '../store/steps.ts';
import { jsonAnswer } from './answers.ts';
import { readResource, readSubject } from './entities.ts';
import { readFacts } from './facts.ts';
import { namedActions } from './named-actions.ts';
import { openPage, readPage } from './page.ts';
import { openReading } from './reading.ts';
import { requirementOf } from './requirement.ts';
import { filled, nothingFound, searchRoute } from './search.ts';

export const ACTION_SEARCH_PATH = '/access/v1/search/action';

/** A position: the last action of a page, permitted or not. */
const POSITION = /^[^:]{1,128}$/;

/**
 * Action Search (AuthZEN, section 8.6). The results are actions that some role names; that the subject may do others as well,
 * by `document:*` or `*:*`, is in the context.
 */
export function actionSearchRoute(
  { decisions, databaseClock }: Pick<Deps, 'decisions' | 'databaseClock'>,
  access: AccessRule,
): PostRoute {
  return searchRoute(ACTION_SEARCH_PATH, access, async (members, { headers, signal }) => {
    const reading = openReading();
    const subject = readSubject(reading, members);
    const resource = readResource(reading, members);
    const { unknown: _, ...facts } = readFacts(reading, members, { subject, resource });
    const wanted = readPage(reading, members);
    const doubt = reading.assertWellFormed();
    if (doubt) return nothingFound(doubt);
    const { userId } = subject;
    const asked = { ...facts, userId, resource: resource.path };
    const page = openPage(['action', asked], POSITION, wanted);
    const { model, held } = await decisions.standing(userId, demandsOf(requirementOf(headers))(userId), signal);
    const nowMs = databaseClock.nowMs();
    const left = namedActions(model, resource.type).filter((name) => name > (page.position ?? ''));
    const names = left.slice(0, page.limit);
    const results: { name: string }[] = [];
    const covering: string[] = [];
    const undetermined: { name: string; reason: string }[] = [];
    const meter = openMeter();
    const steps = { steps: 0 };
    // No role names the action "*", so that it stands for those that none does. They come first, as everywhere does.
    for (const name of page.position === undefined ? [ANY, ...names] : names) {
      const question = { ...asked, permission: `${resource.type}:${name}`, nowMs };
      const verdict = await decideForList(model, held.grants, question, meter.next(steps), signal);
      const shown = decodePart(name) ?? name;
      if (verdict.undetermined !== '') undetermined.push({ name: shown, reason: verdict.undetermined });
      else if (verdict.isAllowed && name === ANY) covering.push(name);
      else if (verdict.isAllowed) results.push({ name: shown });
    }
    const next = left.length > names.length ? names.at(-1) : undefined;
    return jsonAnswer(page.answer(results, filled({ covering, undetermined }), next));
  });
}
