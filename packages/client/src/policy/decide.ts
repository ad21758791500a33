import type { Condition, Outcome } from '../condition/condition.ts';
import type { ConditionInput } from '../condition/condition-input.ts';
import { couldAllow, type OpenWay } from './doubt.ts';
import { type Grant, isInForce } from './grant.ts';
import { type Model, PLAIN, type RoleClosure, type Rule } from './model.ts';
import { splitPermission } from './permission-name.ts';
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
 * Nothing here is a cached answer: grants begin and end at their times because each question is judged at its own.
 */
export function decide(model: Model, grants: readonly Grant[], question: Question): Verdict {
  let isAllowed = false;
  // A denial that is certain may still come, and then no condition was what decided, in whatever order the grants are.
  let doubt: Doubt | undefined;
  for (const grant of grants) {
    if (!covers(grant.scope, question.resource) || !isInForce(grant, question.nowMs)) continue;
    const role = model.closure(grant.roleId);
    // Of a plain role there is nothing to learn but that it allows.
    if (!role || (role.isPlain && isAllowed) || !hasRuleFor(role, question.permission)) continue;
    const ofGrant = holds(grant.condition, question);
    if (ofGrant.outcome === 'false') continue;
    if (role.isPlain) {
      if (ofGrant.outcome === 'undetermined') doubt = doubtOf(doubt, grant, ofGrant, PLAIN, ALWAYS);
      else if (model.denies) isAllowed = true;
      else return ALLOWED;
      continue;
    }
    for (const rule of rulesFor(role, question.permission)) {
      if (isAllowed && rule.effect === 'allow') continue;
      const ofRule = holds(rule.condition, question);
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
export function holds(condition: Condition | undefined, question: Question): Evaluated {
  return condition ? condition.evaluate(question) : ALWAYS;
}

/** Three-valued, as in SQL: what is not known does not matter beside a false. */
export function and(a: Evaluated, b: Evaluated): Evaluated {
  if (a.outcome === 'false' || b.outcome === 'true') return a;
  if (b.outcome === 'false' || a.outcome === 'true') return b;
  return a;
}
