import { withOpen } from '../condition/with-open.ts';
import { type Question, rulesFor } from './decide.ts';
import { decideForList } from './decide-for-list.ts';
import { type Grant, isInForce } from './grant.ts';
import type { Model, RoleClosure, Rule } from './model.ts';
import type { QuestionMeter } from './question-meter.ts';
import { rolesAbout } from './roles-about.ts';
import { EVERYWHERE, scopesOver } from './scope.ts';

/** What holds on a scope and all that lies below it, up to the scopes below it that are listed themselves. */
export interface HeldScope {
  readonly scope: string;
  readonly holds: 'allowed' | 'denied' | 'undetermined';
  /** Why it is undetermined. */
  readonly why: string;
  /** Whether that is another answer than on the scopes above it. */
  readonly isChange: boolean;
}

/** A question that leaves open which resource is meant. */
export type OpenQuestion = Omit<Question, 'resource' | 'resourceAttributes'>;

/**
 * Where a user holds a permission: everywhere, and each scope that a grant which counts names, in the order of the scopes, so
 * that what lies above comes first. Those on which the answer changes say it all: what lies below none of them is denied. A
 * condition that may look at the resource is undetermined, because it may come out differently from one to the next.
 *
 * No other scope can differ: what counts on a resource are the grants over it, and those are the same as on the lowest
 * of their scopes.
 *
 * Each scope is a question of its own to the meter, but a condition is evaluated once for all of them. It takes as many turns
 * of the event loop as it has to. Rejects as `decideForList` does.
 */
export async function* heldScopes(
  model: Model,
  grants: readonly Grant[],
  question: OpenQuestion,
  meter: QuestionMeter,
  signal: AbortSignal,
): AsyncGenerator<HeldScope> {
  const about = new Set(rolesAbout(model, question.permission).all);
  const counting = grants
    .filter((grant) => about.has(grant.roleId) && isInForce(grant, question.nowMs))
    .map((grant) => ({ ...grant, condition: withOpen(grant.condition, 'resource') }));
  const open = openModel(model, question.permission);
  const known = new Map<string, HeldScope['holds']>();
  // A path comes before those that it begins.
  for (const scope of [...new Set([EVERYWHERE, ...counting.map((grant) => grant.scope)])].sort()) {
    const asked = { ...question, resource: scope, resourceAttributes: {} };
    const { isAllowed, undetermined } = await decideForList(open, counting, asked, meter.nextAlike(), signal);
    const holds = isAllowed ? 'allowed' : undetermined === '' ? 'denied' : 'undetermined';
    known.set(scope, holds);
    const above = scopesOver(scope)
      .slice(0, -1)
      .findLast((each) => known.has(each));
    const isChange = holds !== (above === undefined ? 'denied' : known.get(above));
    yield { scope, holds, why: undetermined, isChange };
  }
}

/** The model as far as the permission goes, with the conditions that may look at the resource undetermined. */
function openModel(model: Model, permission: string): Model {
  const closures = new Map<string, RoleClosure | undefined>();
  const open = (role: RoleClosure | undefined): RoleClosure | undefined => {
    if (!role || role.isPlain) return role;
    const rules = [...rulesFor(role, permission)].map(
      ({ effect, condition }): Rule => ({ effect, condition: withOpen(condition, 'resource') }),
    );
    const names = new Map([[permission, rules]]);
    return { isPlain: false, names, resources: new Map(), actions: new Map(), everything: [] };
  };
  return {
    ...model,
    closure(roleId) {
      if (!closures.has(roleId)) closures.set(roleId, open(model.closure(roleId)));
      return closures.get(roleId);
    },
  };
}
