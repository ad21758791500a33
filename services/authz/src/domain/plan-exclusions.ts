import { Failure } from '@gatehouse/failure';
import { pairOf, type RoleExclusion } from './exclusion.ts';
import type { RolePlan } from './plan-roles.ts';
import { type ChangeKind, type FieldChange, type PolicyChange, sortedChanges, textField } from './policy-change.ts';
import { type DocumentExclusion, keyOf, type PolicyDocument } from './policy-document.ts';
import type { Planning } from './policy-plan.ts';
import { type PolicyProblems, placed } from './policy-problems.ts';
import { isAncestorIn, lineageIn } from './role-forest.ts';
import type { StoredExclusion, StoredPolicy } from './stored-policy.ts';

/** An exclusion, by names and by ids. */
export type NamedExclusion = StoredExclusion;

/** An exclusion that users may break once the document is applied, and why it would be refused then. */
export interface ExclusionRisk {
  readonly exclusion: NamedExclusion;
  readonly reason: 'EXCLUSION_BREACHED' | 'ROLES_EXCLUDED';
  readonly place: string;
}

/** What has to be done with exclusions. */
export interface ExclusionPlan {
  readonly created: readonly NamedExclusion[];
  /** With the reasons that they get. */
  readonly changed: readonly NamedExclusion[];
  readonly deleted: readonly NamedExclusion[];
  readonly risks: readonly ExclusionRisk[];
  readonly changes: readonly PolicyChange[];
}

export interface ExclusionPlanning {
  readonly stored: StoredPolicy;
  readonly document: PolicyDocument;
  readonly planning: Planning;
  readonly roles: RolePlan;
  readonly problems: PolicyProblems;
}

/** Throws Failure `invalid` POLICY_INVALID and `precondition` ROLES_EXCLUDED. */
export function planExclusions(given: ExclusionPlanning): ExclusionPlan {
  const { stored, document, planning, roles, problems } = given;
  checkListed(given);
  problems.throwIfAny();
  const touched = movedOnto(roles);
  const created: NamedExclusion[] = [];
  const changed: NamedExclusion[] = [];
  const deleted: NamedExclusion[] = [];
  const risks: ExclusionRisk[] = [];
  const changes: PolicyChange[] = [];
  const mayBreak = (exclusion: NamedExclusion) => {
    const place = touched.get(exclusion.role) ?? touched.get(exclusion.excludedRole);
    if (place !== undefined) risks.push({ exclusion, reason: 'ROLES_EXCLUDED', place });
  };
  const listedKeys = new Set<string>();
  for (const [index, listed] of document.exclusions.entries()) {
    listedKeys.add(keyOf(listed));
    const before = stored.exclusions.get(keyOf(listed));
    if (!before) {
      const exclusion = named(listed, roles, planning);
      created.push(exclusion);
      risks.push({ exclusion, reason: 'EXCLUSION_BREACHED', place: `policy.exclusions[${index}]` });
      changes.push(changeOf('created', exclusion));
      continue;
    }
    mayBreak(before);
    const fields = textField('reason', before.reason, listed.reason);
    if (fields.length === 0) continue;
    changed.push({ ...before, reason: listed.reason });
    changes.push(changeOf('changed', before, fields));
  }
  for (const [key, exclusion] of stored.exclusions) {
    if (listedKeys.has(key)) continue;
    if (planning.prune) {
      deleted.push(exclusion);
      changes.push(changeOf('deleted', exclusion));
      continue;
    }
    assertPossible(roles, exclusion, touched);
    mayBreak(exclusion);
    changes.push(changeOf('unlisted', exclusion));
  }
  return { created, changed, deleted, risks, changes: sortedChanges(changes) };
}

/** Two roles that exclude each other and are, or would be, held together. */
export function excludedTogether(
  { role, excludedRole }: Pick<NamedExclusion, 'role' | 'excludedRole'>,
  place: string | undefined,
): Failure {
  const sentence = `${role} and ${excludedRole} exclude each other, and would be held together.`;
  return new Failure('precondition', 'ROLES_EXCLUDED', sentence, {
    ...placed(place, `brings together ${role} and ${excludedRole}, which exclude each other`),
    metadata: { role, excluded_role: excludedRole },
  });
}

function checkListed({ document, roles: { forest }, problems }: ExclusionPlanning): void {
  for (const [index, { role, excludedRole }] of document.exclusions.entries()) {
    const place = `policy.exclusions[${index}]`;
    const missing = [
      ...(forest.has(role) ? [] : [['role', role]]),
      ...(forest.has(excludedRole) ? [] : [['excluded_role', excludedRole]]),
    ];
    for (const [field, name] of missing)
      problems.add(`${place}.${field}`, 'ROLE_NOT_FOUND', `there is no role ${name}`);
    if (missing.length > 0) continue;
    if (isAncestorIn(forest, role, excludedRole) || isAncestorIn(forest, excludedRole, role)) {
      problems.add(place, 'EXCLUSION_IMPOSSIBLE', 'a role can not exclude itself or one of its ancestors');
    }
  }
}

/** Where the document moves something below a role, or the role itself, by the name of that role. */
function movedOnto({ moved, forest }: RolePlan): ReadonlyMap<string, string> {
  const touched = new Map<string, string>();
  for (const name of moved) {
    const place = `${forest.get(name)?.place}.parent`;
    for (const ancestor of lineageIn(forest, name)) if (!touched.has(ancestor)) touched.set(ancestor, place);
  }
  return touched;
}

function assertPossible({ forest }: RolePlan, exclusion: NamedExclusion, touched: ReadonlyMap<string, string>): void {
  const { role, excludedRole } = exclusion;
  if (!isAncestorIn(forest, role, excludedRole) && !isAncestorIn(forest, excludedRole, role)) return;
  throw excludedTogether(exclusion, touched.get(role) ?? touched.get(excludedRole));
}

function named(
  { role, excludedRole, reason }: DocumentExclusion,
  { ids }: RolePlan,
  { at, by }: Planning,
): NamedExclusion {
  const names = [role, excludedRole].sort();
  const pair = pairOf(ids.get(role) ?? '', ids.get(excludedRole) ?? '');
  const exclusion: RoleExclusion = { ...pair, reason, createdAt: at, createdBy: by };
  return { ...exclusion, role: names[0] ?? '', excludedRole: names[1] ?? '' };
}

function changeOf(kind: ChangeKind, exclusion: NamedExclusion, fields: readonly FieldChange[] = []): PolicyChange {
  return { kind, item: 'exclusion', name: exclusion.role, excludedRole: exclusion.excludedRole, fields };
}
