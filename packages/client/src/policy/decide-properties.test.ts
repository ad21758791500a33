import { type Chance, rounds, seededChance } from '@gatehouse/testing/chance';
import { expect, it } from 'vitest';
import { compileCondition, type Outcome } from '../condition/condition.ts';
import { formatPolicy, parsePolicy } from '../policy-file/index.ts';
import { decide, type Question } from './decide.ts';
import { explain } from './explain.ts';
import type { Explanation, NamedGrant } from './explanation.ts';
import type { Effect, Model } from './model.ts';

const MODELS = rounds(1_000);
const QUESTIONS = 100;
/** So often at least each special outcome has to have come up, or the test says less than it seems to. */
const HITS_MIN = rounds(50);
const NOW_MS = Date.UTC(2026, 2, 1, 9);

/** Conditions, and what each comes to, written a second time. */
const CONDITIONS: readonly (readonly [source: string, plain: (question: Question) => Outcome])[] = [
  ['true', () => 'true'],
  ['false', () => 'false'],
  ['request.authentication_level >= 2', ({ authenticationLevel }) => said(authenticationLevel >= 2)],
  ['request.ip.inCidr("10.0.0.0/8")', ({ ip }) => (ip === '' ? 'undetermined' : said(ip.startsWith('10.')))],
  ['context.flag', ({ attributes: { flag } }) => (typeof flag === 'boolean' ? said(flag) : 'undetermined')],
  [
    'resource.owner == request.user_id',
    ({ resourceAttributes: { owner }, userId }) => (owner === undefined ? 'undetermined' : said(owner === userId)),
  ],
];

interface PlainRole {
  readonly parent: string | undefined;
  /** The condition is that of a denial. */
  readonly held: readonly { readonly name: string; readonly effect: Effect; readonly condition: number | undefined }[];
}
/** Roles, and the conditions of permissions. */
interface PlainPolicy {
  readonly roles: Readonly<Record<string, PlainRole>>;
  readonly conditions: Readonly<Record<string, number | undefined>>;
}
/** Of the conditions, the only one that is false rather than undetermined for who proves nothing. */
const OF_LEVEL = 2;
interface PlainGrant extends Omit<NamedGrant, 'condition'> {
  readonly conditionIndex: number | undefined;
}

function said(value: boolean): Outcome {
  return value ? 'true' : 'false';
}

const RESOURCES = ['invoices', 'payroll'];
const ACTIONS = ['read', 'write'];
const SCOPES = ['', '', 't/1', 't/1', 't/10', 't/1/p/1', 't/1/p/2', 't/2', 't/1/p/1/d/1'];

const HELD = ['invoices', 'payroll', '*'].flatMap((resource) =>
  ['read', 'write', '*'].map((action) => `${resource}:${action}`),
);

function randomPolicy({ below, pick, happens }: Chance): PlainPolicy {
  const withDenials = happens(0.6);
  const withConditions = happens(0.7);
  const roles: Record<string, PlainRole> = {};
  const names: string[] = [];
  for (let index = 1 + below(7); index > 0; index -= 1) {
    const parent = names.length > 0 && happens(0.7) ? pick(names) : undefined;
    const held = Array.from({ length: below(5) }, () => {
      const effect = withDenials && happens(0.35) ? ('deny' as const) : ('allow' as const);
      return {
        name: `${happens(0.2) ? '*' : pick(RESOURCES)}:${happens(0.2) ? '*' : pick(ACTIONS)}`,
        effect,
        condition: effect === 'deny' && withConditions && happens(0.5) ? below(CONDITIONS.length) : undefined,
      };
    });
    const name = `role-${index}`;
    const isFirst = ({ name: of, effect }: (typeof held)[number], at: number) =>
      held.findIndex((each) => each.name === of && each.effect === effect) === at;
    roles[name] = { parent, held: held.filter(isFirst) };
    names.push(name);
  }
  const conditionOf = () => (withConditions && happens(0.5) ? below(CONDITIONS.length) : undefined);
  return { roles, conditions: Object.fromEntries(HELD.map((name) => [name, conditionOf()])) };
}

function randomGrants({ below, pick, happens }: Chance, { roles }: PlainPolicy): readonly PlainGrant[] {
  return Array.from({ length: below(7) }, (_, index) => ({
    id: `grant-${index}`,
    roleId: happens(0.05) ? 'unknown' : pick(Object.keys(roles)),
    scope: pick(SCOPES),
    validFromMs: happens(0.7) ? Number.NEGATIVE_INFINITY : NOW_MS + below(5) - 2,
    validUntilMs: happens(0.7) ? Number.POSITIVE_INFINITY : NOW_MS + below(5) - 2,
    conditionIndex: happens(0.3) ? below(CONDITIONS.length) : undefined,
    ...(happens(0.2) ? { status: pick(['active', 'pending', 'suspended'] as const) } : {}),
  }));
}

function randomQuestion({ below, pick, happens }: Chance): Question {
  return {
    ip: pick(['', '', '10.0.0.1', '192.168.0.1']),
    nowMs: NOW_MS + below(3) - 1,
    authenticationLevel: below(4),
    userId: 'ada',
    permission: `${pick(RESOURCES)}:${pick(ACTIONS)}`,
    resource: pick(SCOPES),
    resourceAttributes: happens(0.6) ? {} : { owner: pick(['ada', 'bob']) },
    attributes: happens(0.6) ? {} : { flag: happens(0.5) },
  };
}

/** A way from a grant to a rule about the permission: what its conditions come to, and which they are. */
interface PlainWay {
  readonly effect: Effect;
  readonly outcome: Outcome;
  readonly conditions: readonly number[];
}

/** The rules in their plainest form. `ignore` leaves one of them out, to see whether it made the difference. */
function waysOf(
  { roles, conditions: declared }: PlainPolicy,
  grants: readonly PlainGrant[],
  question: Question,
  ignore = '',
): readonly PlainWay[] {
  const found: PlainWay[] = [];
  for (const grant of grants) {
    if (grant.status === 'pending' || grant.status === 'suspended') continue;
    if (ignore !== 'from' && question.nowMs < grant.validFromMs) continue;
    if (ignore !== 'until' && question.nowMs >= grant.validUntilMs) continue;
    const scope = grant.scope === '' ? [] : grant.scope.split('/');
    const resource = question.resource === '' ? [] : question.resource.split('/');
    if (ignore === 'parents' && scope.length > 0 && scope.length !== resource.length) continue;
    if (!scope.every((part, index) => part === resource[index])) continue;
    for (let name: string | undefined = grant.roleId; name !== undefined; name = roles[name]?.parent) {
      for (const held of roles[name]?.held ?? []) {
        const pattern = new RegExp(`^${held.name.replaceAll('*', '[^:]*')}$`);
        if (!pattern.test(question.permission)) continue;
        const ofRule = held.effect === 'allow' ? declared[held.name] : held.condition;
        const conditions = [grant.conditionIndex, ofRule].filter((index) => index !== undefined);
        const outcomes = conditions.map((index) => CONDITIONS[index]?.[1](question) ?? 'true');
        const outcome = outcomes.includes('false')
          ? 'false'
          : outcomes.includes('undetermined')
            ? 'undetermined'
            : 'true';
        found.push({ effect: held.effect, outcome, conditions });
      }
    }
  }
  return found;
}

interface PlainAnswer {
  readonly isAllowed: boolean;
  readonly certainDenial: boolean;
  readonly possibleDenial: boolean;
  readonly certainApproval: boolean;
  readonly possibleApproval: boolean;
}

function plainly(...given: Parameters<typeof waysOf>): PlainAnswer {
  const found = waysOf(...given);
  const has = (effect: Effect, outcome: Outcome) => found.some((it) => it.effect === effect && it.outcome === outcome);
  const certainDenial = has('deny', 'true');
  const possibleDenial = has('deny', 'undetermined');
  const certainApproval = has('allow', 'true');
  return {
    isAllowed: certainApproval && !certainDenial && !possibleDenial,
    certainDenial,
    possibleDenial,
    certainApproval,
    possibleApproval: has('allow', 'undetermined'),
  };
}

/** The question with everything that it leaves open said, in every way in which it can be. */
function completions(question: Question): readonly Question[] {
  const ips = question.ip === '' ? ['10.0.0.1', '192.168.0.1'] : [question.ip];
  const owners =
    'owner' in question.resourceAttributes ? [question.resourceAttributes] : [{ owner: 'ada' }, { owner: 'bob' }];
  const flags = 'flag' in question.attributes ? [question.attributes] : [{ flag: true }, { flag: false }];
  return ips.flatMap((ip) =>
    owners.flatMap((resourceAttributes) =>
      flags.map((attributes) => ({ ...question, ip, resourceAttributes, attributes })),
    ),
  );
}

/** The question with less proven, one thing or everything. */
function lessThan(question: Question): readonly Question[] {
  const nothing = { ip: '', resourceAttributes: {}, attributes: {} };
  return [
    { ...question, ip: '' },
    { ...question, resourceAttributes: {} },
    { ...question, attributes: {} },
    { ...question, ...nothing },
  ];
}

/** The model of a policy, by the way that a file takes. */
function compile({ roles, conditions }: PlainPolicy): Model {
  const text = formatPolicy({
    permissions: HELD.map((name) => {
      const condition = conditionAt(conditions[name])?.source ?? '';
      return { name, description: '', category: '', isDangerous: false, condition };
    }),
    roles: Object.entries(roles).map(([name, { parent = '', held }]) => ({
      name,
      description: '',
      parent,
      permissions: held.flatMap((each) => (each.effect === 'allow' ? [each.name] : [])),
      deny: held.flatMap((each) =>
        each.effect === 'deny' ? [{ permission: each.name, condition: conditionAt(each.condition)?.source ?? '' }] : [],
      ),
    })),
    exclusions: [],
  });
  const { policy, problems } = parsePolicy(text);
  if (!policy) throw new Error(JSON.stringify(problems));
  return policy.model;
}

function conditionAt(index: number | undefined) {
  const [source] = index === undefined ? [] : (CONDITIONS[index] ?? []);
  return source === undefined ? undefined : compileCondition(source);
}

it('decide and explain answer as the rules say, in cases made by chance', () => {
  const random = seededChance();
  const hits = new Map<string, number>();
  const hit = (name: string, happened: boolean) => hits.set(name, (hits.get(name) ?? 0) + (happened ? 1 : 0));
  const wrong: unknown[] = [];
  for (let model = 0; model < MODELS; model += 1) {
    const policy = randomPolicy(random);
    const compiled = compile(policy);
    for (let index = 0; index < QUESTIONS; index += 1) {
      const plainGrants = randomGrants(random, policy);
      const grants = plainGrants.map(({ conditionIndex, ...grant }) => ({
        ...grant,
        condition: conditionAt(conditionIndex),
      }));
      const question = randomQuestion(random);
      const plain = plainly(policy, plainGrants, question);
      const answers = completions(question).map((each) => plainly(policy, plainGrants, each).isAllowed);
      // What could make no difference is not told.
      const undetermined = !plain.isAllowed && answers.includes(true);

      const active = grants.filter(({ status }) => status === undefined || status === 'active');
      const verdict = decide(compiled, active, question);
      const explanation = explain(compiled, grants, question);
      const agrees = [verdict, explanation].every(
        (answer) => answer.isAllowed === plain.isAllowed && (answer.undetermined !== '') === undetermined,
      );
      const isSafe = !plain.isAllowed || !answers.includes(false);
      if (!agrees || !isSafe || !isConsistent(explanation, plain, question)) {
        wrong.push({ policy, grants, question, explanation });
      }
      // Of who proves less nothing is allowed that would not be anyway, and no denial goes away.
      for (const less of verdict.isAllowed ? [] : lessThan(question)) {
        if (decide(compiled, active, less).isAllowed) wrong.push({ policy, grants, question, less });
      }
      // Nor does what is said of a permission, or a weaker login, weaken a denial that does not say so itself.
      const denial = waysOf(policy, plainGrants, question).find(
        ({ effect, outcome, conditions }) => effect === 'deny' && outcome !== 'false' && !conditions.includes(OF_LEVEL),
      );
      for (const less of denial ? lessThan({ ...question, authenticationLevel: 0 }) : []) {
        if (decide(compiled, active, less).isAllowed) wrong.push({ policy, grants, question, less, denial });
      }

      hit('a denial that less does not take away', denial !== undefined && plain.certainApproval);
      hit('a doubt that makes no difference', !undetermined && !plain.certainDenial && plain.possibleDenial);
      hit(
        'a doubt of all that could allow',
        !undetermined && plain.possibleDenial && plain.possibleApproval && !plain.certainDenial,
      );
      hit('allowed', plain.isAllowed);
      hit('denied', !plain.isAllowed);
      hit('a denial beats an approval', plain.certainApproval && plain.certainDenial);
      hit('a doubtful denial beats an approval', plain.certainApproval && !plain.certainDenial && plain.possibleDenial);
      hit('undetermined', undetermined);
      hit('not yet valid', !plain.isAllowed && plainly(policy, plainGrants, question, 'from').isAllowed);
      hit('expired', !plain.isAllowed && plainly(policy, plainGrants, question, 'until').isAllowed);
      hit('by the scope of a parent', plain.isAllowed && !plainly(policy, plainGrants, question, 'parents').isAllowed);
      hit(`explained as ${explanation.kind}`, true);
      hit(`explained by a grant that is ${explanation.evidence?.standing}`, true);
      hit('explained by an inherited permission', (explanation.evidence?.path.length ?? 0) > 2);
    }
  }
  expect(wrong.slice(0, 1)).toEqual([]);
  expect(hits.size).toBe(24);
  for (const [name, count] of hits) expect(count, name).toBeGreaterThan(HITS_MIN);
});

/** Whether the evidence of an explanation shows what its kind says. */
function isConsistent({ kind, evidence }: Explanation, plain: PlainAnswer, question: Question): boolean {
  const outcomes = evidence?.conditions.map(({ outcome }) => outcome) ?? [];
  const counts = evidence?.isInScope === true && evidence.standing === 'in_force';
  const holds = outcomes.every((outcome) => outcome === 'true');
  switch (kind) {
    case 'allowed':
      return plain.isAllowed && counts && holds && evidence?.effect === 'allow';
    case 'denied':
      return (
        (plain.certainDenial
          ? holds
          : plain.possibleDenial && !holds && (plain.certainApproval || plain.possibleApproval)) &&
        !outcomes.includes('false') &&
        counts &&
        evidence?.effect === 'deny'
      );
    case 'condition':
      return counts && !holds && evidence?.effect === 'allow';
    case 'not_in_force':
      return evidence?.isInScope === true && evidence.standing !== 'in_force' && evidence.effect === 'allow';
    case 'out_of_scope':
      return evidence?.isInScope === false && evidence.grant.scope !== question.resource && evidence.effect === 'allow';
    case 'not_held':
      return !plain.certainApproval && !plain.possibleApproval;
    default:
      return kind satisfies never;
  }
}
