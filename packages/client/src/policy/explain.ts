import type { Condition } from '../condition/condition.ts';
import { decide, holds, inOrder, type Question } from './decide.ts';
import { couldAllow, type OpenWay } from './doubt.ts';
import type { ConditionEvidence, Evidence, Explanation, NamedGrant, Standing } from './explanation.ts';
import { isInForce } from './grant.ts';
import { type HeldPermission, lineage, type Model } from './model.ts';
import { ANY, splitPermission } from './permission-name.ts';
import { QuestionMeter } from './question-meter.ts';
import { covers } from './scope.ts';

/**
 * Answers as `decide` does from the active grants, with the evidence, and throws where it does. It looks at everything, which
 * takes longer: of that only the limit of a request is held to.
 */
export function explain(model: Model, grants: readonly NamedGrant[], question: Question): Explanation;
export function explain(
  model: Model,
  grants: readonly NamedGrant[],
  question: Question,
  meter: QuestionMeter | undefined,
): Explanation | undefined;
export function explain(
  model: Model,
  grants: readonly NamedGrant[],
  question: Question,
  meter: QuestionMeter = QuestionMeter.atOnce(),
): Explanation | undefined {
  const active = grants.filter((grant) => standingOf(grant, question.nowMs) === 'in_force');
  return (
    decide(model, active, question, meter.nextAlike().resume()) && meter.settle(look(model, grants, question, meter))
  );
}

/** Looks for what decides, at every way from a grant to the permission. */
function look(model: Model, grants: readonly NamedGrant[], question: Question, meter: QuestionMeter): Explanation {
  let best: Candidate<Exclude<Weighed, { weight: 'may_deny' }>> | undefined;
  let denial: Way | undefined;
  const [allows, denies]: [OpenWay[], OpenWay[]] = [[], []];
  for (const candidate of candidatesOf(model, inOrder(grants), question, meter)) {
    if (meter.isStopped) break;
    if (candidate.weight === 'may_deny') {
      denial ??= candidate;
      denies.push(candidate.open);
      continue;
    }
    if (candidate.weight === 'may_allow') allows.push(candidate.open);
    if (!best || ORDER[candidate.weight] < ORDER[best.weight]) best = candidate;
    if (best.weight === 'denies') break;
  }
  if (!best) return { kind: 'not_held', isAllowed: false, undetermined: '', evidence: undefined };
  // Where nothing could allow it, that is why it is denied, and no rule that denies is needed.
  if (denial && (best.weight === 'allows' || best.weight === 'may_allow')) {
    const evidence = evidenceOf(denial, question, meter);
    const isInDoubt = best.weight === 'allows' || couldAllow(allows, denies);
    return { kind: 'denied', isAllowed: false, undetermined: isInDoubt ? doubtOf(evidence) : '', evidence };
  }
  const evidence = evidenceOf(best, question, meter);
  switch (best.weight) {
    case 'denies':
      return { kind: 'denied', isAllowed: false, undetermined: '', evidence };
    case 'allows':
      return { kind: 'allowed', isAllowed: true, undetermined: '', evidence };
    case 'may_allow':
      return { kind: 'condition', isAllowed: false, undetermined: doubtOf(evidence), evidence };
    case 'condition_false':
      return { kind: 'condition', isAllowed: false, undetermined: '', evidence };
    case 'out_of_scope':
      return { kind: 'out_of_scope', isAllowed: false, undetermined: '', evidence };
    default:
      best.weight satisfies Exclude<Standing, 'in_force'>;
      return { kind: 'not_in_force', isAllowed: false, undetermined: '', evidence };
  }
}

/** What one way from a grant to the permission comes to, apart from a denial in doubt. */
type Weight = 'denies' | 'allows' | 'may_allow' | 'condition_false' | Exclude<Standing, 'in_force'> | 'out_of_scope';

/** What decides when several are there, and behind `allows`, which miss was nearest. */
const ORDER: Readonly<Record<Weight, number>> = {
  denies: 0,
  allows: 1,
  may_allow: 2,
  condition_false: 3,
  suspended: 4,
  pending: 5,
  not_yet_valid: 6,
  expired: 7,
  out_of_scope: 8,
};

/** What a way comes to, and what is not known of it. */
type Weighed =
  | { readonly weight: Weight; readonly open: OpenWay }
  | { readonly weight: 'may_deny'; readonly open: OpenWay };

type Candidate<T extends Weighed = Weighed> = T & Way;
interface Way {
  readonly grant: NamedGrant;
  readonly path: readonly string[];
  readonly held: HeldPermission;
}

/** Every way from a grant to the permission that allows it, would have, or denies it. */
function* candidatesOf(
  model: Model,
  grants: readonly NamedGrant[],
  question: Question,
  meter: QuestionMeter,
): Generator<Candidate> {
  const { resource, action } = splitPermission(question.permission);
  const names = new Set([question.permission, `${resource}:${ANY}`, `${ANY}:${action}`, `${ANY}:${ANY}`]);
  for (const grant of grants) {
    const missing = whatLacks(grant, question);
    const path: string[] = [];
    for (const role of lineage(model, grant.roleId)) {
      path.push(role.id);
      for (const held of role.permissions) {
        if (!names.has(held.name)) continue;
        const weighed = missing ? missed(missing, held) : weigh(grant, held, question, meter);
        if (weighed) yield { ...weighed, grant, path: [...path], held };
      }
    }
  }
}

/** Why the grant gives nothing here and now; undefined when it does. */
function whatLacks(grant: NamedGrant, question: Question): Exclude<Standing, 'in_force'> | 'out_of_scope' | undefined {
  if (!covers(grant.scope, question.resource)) return 'out_of_scope';
  const standing = standingOf(grant, question.nowMs);
  return standing === 'in_force' ? undefined : standing;
}

/** Times come first: whoever approves a grant that has expired has gained nothing. */
function standingOf(grant: NamedGrant, nowMs: number): Standing {
  if (nowMs >= grant.validUntilMs) return 'expired';
  if (!isInForce(grant, nowMs)) return 'not_yet_valid';
  return grant.status === undefined || grant.status === 'active' ? 'in_force' : grant.status;
}

/** A denial that is not here and now takes no part. */
function missed(weight: Weight, { effect }: HeldPermission): Weighed | undefined {
  return effect === 'allow' ? { weight, open: NOTHING_OPEN } : undefined;
}

const NOTHING_OPEN: OpenWay = { ofGrant: undefined, ofRule: undefined };

/** undefined for a denial whose condition is false: it takes no part. */
function weigh(grant: NamedGrant, held: HeldPermission, question: Question, meter: QuestionMeter): Weighed | undefined {
  meter.nextAlike();
  const ofGrant = holds(grant.condition, question, meter).outcome;
  const ofRule = holds(held.condition, question, meter).outcome;
  const isDenial = held.effect === 'deny';
  if (ofGrant === 'false' || ofRule === 'false') return missed('condition_false', held);
  if (ofGrant === 'true' && ofRule === 'true') return { weight: isDenial ? 'denies' : 'allows', open: NOTHING_OPEN };
  const open: OpenWay = {
    ofGrant: ofGrant === 'undetermined' ? grant.condition : undefined,
    ofRule: ofRule === 'undetermined' ? held.condition : undefined,
  };
  return { weight: isDenial ? 'may_deny' : 'may_allow', open };
}

function evidenceOf({ grant, path, held }: Way, question: Question, meter: QuestionMeter): Evidence {
  return {
    grant,
    standing: standingOf(grant, question.nowMs),
    isInScope: covers(grant.scope, question.resource),
    path,
    heldName: held.name,
    effect: held.effect,
    conditions: [
      ...conditionEvidence('grant', grant.condition, question, meter),
      ...conditionEvidence(held.effect === 'allow' ? 'permission' : 'denial', held.condition, question, meter),
    ],
  };
}

function doubtOf({ conditions }: Evidence): string {
  return conditions.find(({ outcome }) => outcome === 'undetermined')?.why ?? '';
}

function conditionEvidence(
  of: ConditionEvidence['of'],
  condition: Condition | undefined,
  question: Question,
  meter: QuestionMeter,
): readonly ConditionEvidence[] {
  if (!condition) return [];
  return [{ of, source: condition.source, ...meter.evaluate(condition, question), facts: condition.facts(question) }];
}
