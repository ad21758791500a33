import type { Condition, Outcome } from '../condition/condition.ts';
import type { ConditionInput } from '../condition/condition-input.ts';
import { compare } from './compare.ts';
import { couldAllow, type OpenWay } from './doubt.ts';
import { type Grant, isInForce } from './grant.ts';
import { type Model, ONLY_ALLOW, type RoleClosure, type Rule } from './model.ts';
import { splitPermission } from './permission-name.ts';
import { QuestionMeter } from './question-meter.ts';
import { covers } from './scope.ts';

/** A question, with all that the answer may depend on. */
export type Question = ConditionInput;

/** An answer. */
export interface Verdict {
  readonly isAllowed: boolean;
  /** Why a condition that decides could not be evaluated; empty when all could. A denial then, and never an approval. */
  readonly undetermined: string;
}

export const ALLOWED: Verdict = { isAllowed: true, undetermined: '' };
export const DENIED: Verdict = { isAllowed: false, undetermined: '' };

/**
 * Decides from a user's grants. Allowed is what any grant in force allows on the resource or a parent of it, unless one of
 * them denies it. A condition that can't be evaluated allows nothing, and denies what it would deny if it held; it is told
 * only where the answer could be another one if it could.
 *
 * What needs no condition is looked at first. Then conditions are evaluated, each once and only while the answer depends on
 * them, in an order in which the grants' own plays no part, so that it plays none in what the limit on steps refuses either.
 *
 * Nothing here is a cached answer: grants begin and end at their times because each question is judged at its own.
 *
 * With a meter, which has been told of the question, undefined is that it has stopped in the middle. Throws what the meter
 * makes of a limit.
 */
export function decide(model: Model, grants: readonly Grant[], question: Question): Verdict;
export function decide(
  model: Model,
  grants: readonly Grant[],
  question: Question,
  meter: QuestionMeter | undefined,
): Verdict | undefined;
export function decide(
  model: Model,
  grants: readonly Grant[],
  question: Question,
  meter?: QuestionMeter,
): Verdict | undefined {
  let isAllowed = false;
  let isOpen = false;
  for (const grant of grants) {
    const role = roleThatCounts(model, grant, question);
    if (!role) continue;
    if (role.isPlain) {
      if (grant.condition) isOpen = true;
      else if (model.denies) isAllowed = true;
      else return ALLOWED;
      continue;
    }
    for (const rule of rulesFor(role, question.permission)) {
      if (grant.condition || rule.condition) isOpen = true;
      else if (rule.effect === 'deny') return DENIED;
      else if (model.denies) isAllowed = true;
      else return ALLOWED;
    }
  }
  if (!isOpen) return isAllowed ? ALLOWED : DENIED;
  const resumed = (meter ?? QuestionMeter.atOnce()).resume();
  return resumed.settle(weigh(model, inOrder(grants), question, isAllowed, resumed));
}

/** The role of a grant that is here and now, if it has any rule that is about the permission. */
function roleThatCounts(model: Model, grant: Grant, question: Question): RoleClosure | undefined {
  if (!covers(grant.scope, question.resource) || !isInForce(grant, question.nowMs)) return undefined;
  const role = model.closure(grant.roleId);
  return role && hasRuleFor(role, question.permission) ? role : undefined;
}

/** Decides by what depends on conditions; `isAllowed` is whether something that does not allows it. */
function weigh(
  model: Model,
  grants: readonly Grant[],
  question: Question,
  isAllowedAnyway: boolean,
  meter: QuestionMeter,
): Verdict {
  let isAllowed = isAllowedAnyway;
  // A denial that is certain may still come, and then no condition was what decided.
  let doubt: Doubt | undefined;
  for (const grant of grants) {
    const role = roleThatCounts(model, grant, question);
    if (!role) continue;
    for (const rule of role.isPlain ? ONLY_ALLOW : rulesFor(role, question.permission)) {
      if (!(grant.condition || rule.condition) || (isAllowed && rule.effect === 'allow')) continue;
      const ofGrant = holds(grant.condition, question, meter);
      if (ofGrant.outcome === 'false') break;
      const ofRule = holds(rule.condition, question, meter);
      if (meter.isStopped) return DENIED;
      if (ofRule.outcome === 'false') continue;
      if (ofGrant.outcome !== 'true' || ofRule.outcome !== 'true') {
        doubt = doubtOf(doubt, grant, ofGrant, rule, ofRule);
        continue;
      }
      if (rule.effect === 'deny') return DENIED;
      if (!model.denies) return ALLOWED;
      isAllowed = true;
    }
  }
  if (!doubt) return isAllowed ? ALLOWED : DENIED;
  const { allows, denies, whyNotAllowed, whyDenied } = doubt;
  if (isAllowed) return denies.length === 0 ? ALLOWED : { isAllowed: false, undetermined: whyDenied };
  return couldAllow(allows, denies) ? { isAllowed: false, undetermined: whyDenied || whyNotAllowed } : DENIED;
}

const ordered = new WeakMap<readonly Grant[], readonly Grant[]>();

/** The same grants in an order that depends on their conditions and roles alone. They are never changed. */
export function inOrder<Each extends Grant>(grants: readonly Each[]): readonly Each[] {
  if (grants.length < 2) return grants;
  const known = ordered.get(grants) as readonly Each[] | undefined;
  if (known) return known;
  const sorted = [...grants].sort(
    (a, b) => compare(a.condition?.source ?? '', b.condition?.source ?? '') || compare(a.roleId, b.roleId),
  );
  ordered.set(grants, sorted);
  return sorted;
}

/** The ways that could not be followed to their end, and why the first of each kind could not. */
interface Doubt {
  readonly allows: OpenWay[];
  readonly denies: OpenWay[];
  whyNotAllowed: string;
  whyDenied: string;
}

/** Adds the way from a grant to a rule, of which one condition or both are undetermined. */
function doubtOf(known: Doubt | undefined, grant: Grant, ofGrant: Evaluated, rule: Rule, ofRule: Evaluated): Doubt {
  const doubt = known ?? { allows: [], denies: [], whyNotAllowed: '', whyDenied: '' };
  const way: OpenWay = {
    ofGrant: ofGrant.outcome === 'undetermined' ? grant.condition : undefined,
    ofRule: ofRule.outcome === 'undetermined' ? rule.condition : undefined,
  };
  const { why } = and(ofGrant, ofRule);
  if (rule.effect === 'deny') {
    doubt.denies.push(way);
    doubt.whyDenied ||= why;
  } else {
    doubt.allows.push(way);
    doubt.whyNotAllowed ||= why;
  }
  return doubt;
}

/** The rules of a role that are about the permission. */
export function* rulesFor(role: RoleClosure, permission: string): Generator<Rule> {
  const { resource, action } = splitPermission(permission);
  yield* role.names.get(permission) ?? [];
  yield* role.resources.get(resource) ?? [];
  yield* role.actions.get(action) ?? [];
  yield* role.everything;
}

/** Whether a role has any rule that is about the permission. */
function hasRuleFor({ names, resources, actions, everything }: RoleClosure, permission: string): boolean {
  if (names.has(permission) || everything.length > 0) return true;
  // Few roles hold a permission with one wildcard, and only for those the name has to be taken apart.
  if (resources.size === 0 && actions.size === 0) return false;
  const { resource, action } = splitPermission(permission);
  return resources.has(resource) || actions.has(action);
}

/** What came of a condition, and why it is undetermined if it is. */
export type Evaluated = { readonly outcome: Outcome; readonly why: string };
const ALWAYS: Evaluated = { outcome: 'true', why: '' };

/** Whether a condition holds; none does always. */
export function holds(condition: Condition | undefined, question: Question, meter: QuestionMeter): Evaluated {
  return condition ? meter.evaluate(condition, question) : ALWAYS;
}

/** Three-valued, as in SQL: what is not known does not matter beside a false. */
export function and(a: Evaluated, b: Evaluated): Evaluated {
  if (a.outcome === 'false' || b.outcome === 'true') return a;
  if (b.outcome === 'false' || a.outcome === 'true') return b;
  return a;
}
