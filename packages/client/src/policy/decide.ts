import type { Condition, Outcome } from '../condition/condition.ts';
import type { ConditionInput } from '../condition/condition-input.ts';
import { type Grant, isInForce } from './grant.ts';
import type { Model, RoleClosure, Rule } from './model.ts';
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
 * them denies it. A condition that can't be evaluated allows nothing, and denies what it would deny if it held.
 *
 * Nothing here is a cached answer: grants begin and end at their times because each question is judged at its own.
 */
export function decide(model: Model, grants: readonly Grant[], question: Question): Verdict {
  let isAllowed = false;
  let undetermined = '';
  // A denial that is certain may still come, and then no condition was what decided, in whatever order the grants are.
  let doubt = '';
  for (const grant of grants) {
    if (!covers(grant.scope, question.resource) || !isInForce(grant, question.nowMs)) continue;
    const role = model.closure(grant.roleId);
    if (!role) continue;
    if (role.isPlain) {
      if (isAllowed || !allowsPlainly(role, question.permission)) continue;
      const { outcome, why } = holds(grant.condition, question);
      if (outcome === 'undetermined') undetermined ||= why;
      if (outcome !== 'true') continue;
      if (!model.denies) return ALLOWED;
      isAllowed = true;
      continue;
    }
    const effect = judge(role, grant, question);
    if (effect.denies) {
      if (effect.why === '') return DENIED;
      doubt ||= effect.why;
      continue;
    }
    isAllowed ||= effect.allows;
    if (!effect.allows) undetermined ||= effect.why;
  }
  if (doubt !== '') return { isAllowed: false, undetermined: doubt };
  if (isAllowed) return ALLOWED;
  return undetermined === '' ? DENIED : { isAllowed: false, undetermined };
}

/** The rules of a role that are about the permission. */
export function* rulesFor(role: RoleClosure, permission: string): Generator<Rule> {
  const { resource, action } = splitPermission(permission);
  yield* role.names.get(permission) ?? [];
  yield* role.resources.get(resource) ?? [];
  yield* role.actions.get(action) ?? [];
  yield* role.everything;
}

function allowsPlainly({ names, resources, actions, everything }: RoleClosure, permission: string): boolean {
  if (names.has(permission) || everything.length > 0) return true;
  // Few roles hold a permission with one wildcard, and only for those the name has to be taken apart.
  if (resources.size === 0 && actions.size === 0) return false;
  const { resource, action } = splitPermission(permission);
  return resources.has(resource) || actions.has(action);
}

/** What one grant of a role that is not plain does: `why` says what could not be evaluated. */
function judge(role: RoleClosure, grant: Grant, question: Question) {
  if (!allowsPlainly(role, question.permission)) return NEITHER;
  const ofGrant = holds(grant.condition, question);
  if (ofGrant.outcome === 'false') return NEITHER;
  let allows = false;
  let why = '';
  let doubt = '';
  for (const rule of rulesFor(role, question.permission)) {
    const both = and(ofGrant, holds(rule.condition, question));
    if (both.outcome === 'false') continue;
    if (rule.effect === 'deny') {
      if (both.outcome === 'true') return { denies: true, allows: false, why: '' };
      doubt ||= both.why;
      continue;
    }
    if (both.outcome === 'true') allows = true;
    else why ||= both.why;
  }
  return doubt === '' ? { denies: false, allows, why } : { denies: true, allows: false, why: doubt };
}

const NEITHER = { denies: false, allows: false, why: '' };

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
