import { Failure } from '@gatehouse/failure';
import { type PolicyProblems, policyProblems } from './policy-problems.ts';
import { type DenialCondition, denialProblems, ROLE_PERMISSIONS_MAX } from './role-update.ts';

/** A permission as a document lists it. */
export interface DocumentPermission {
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly isDangerous: boolean;
  /** In CEL; empty: none. */
  readonly condition: string;
}

/** A role as a document lists it. */
export interface DocumentRole {
  readonly name: string;
  readonly description: string;
  /** Name of its parent; empty: none. */
  readonly parent: string;
  /** Names of the permissions that it allows itself. */
  readonly permissions: readonly string[];
  /** Names of those that it denies itself. */
  readonly deniedPermissions: readonly string[];
  /** The conditions under which it denies some of them. */
  readonly denialConditions: readonly DenialCondition[];
}

/** Two roles that exclude each other, by name. */
export interface DocumentExclusion {
  readonly role: string;
  readonly excludedRole: string;
  readonly reason: string;
}

/** The model by names, or a part of it. */
export interface PolicyDocument {
  readonly permissions: readonly DocumentPermission[];
  readonly roles: readonly DocumentRole[];
  readonly exclusions: readonly DocumentExclusion[];
}

/** A document that comes in parts. */
export interface DocumentParts {
  /** Adds a part. Throws Failure `limited` POLICY_TOO_LARGE. */
  add(part: PolicyDocument): void;
  /** The whole, free of problems of its own. Throws Failure `invalid` POLICY_INVALID. */
  join(): PolicyDocument;
}

export const PERMISSIONS_MAX = 100_000;
export const ROLES_MAX = 10_000;
export const EXCLUSIONS_MAX = 10_000;
/** Most permissions that all roles of a document allow and deny together. */
const HELD_MAX = 1_000_000;
/** Most UTF-16 code units of all texts of a document. */
const CHARACTERS_MAX = 16 * 1024 * 1024;

/** Joins the parts of a document, and looks at each when it comes. `conditionProblem` says what is wrong with one in CEL. */
export function documentParts(conditionProblem: (source: string) => string | undefined): DocumentParts {
  const permissions: DocumentPermission[] = [];
  const roles: DocumentRole[] = [];
  const exclusions: DocumentExclusion[] = [];
  const problems = policyProblems();
  const names = new Set<string>();
  let held = 0;
  let characters = 0;
  const checkCondition = (condition: string, place: string) => {
    const why = condition === '' ? undefined : conditionProblem(condition);
    if (why !== undefined) problems.add(`${place}.condition`, 'CONDITION_INVALID', why);
  };
  return {
    add(part) {
      held += part.roles.reduce((sum, role) => sum + role.permissions.length + role.deniedPermissions.length, 0);
      characters += charactersOf(part);
      const isTooLarge =
        permissions.length + part.permissions.length > PERMISSIONS_MAX ||
        roles.length + part.roles.length > ROLES_MAX ||
        exclusions.length + part.exclusions.length > EXCLUSIONS_MAX ||
        held > HELD_MAX ||
        characters > CHARACTERS_MAX;
      if (isTooLarge) throw new Failure('limited', 'POLICY_TOO_LARGE', 'The document is larger than one may be.');
      for (const each of part.permissions) {
        const place = `policy.permissions[${permissions.length}]`;
        assertNew(problems, names, `permission ${each.name}`, place);
        checkCondition(each.condition, place);
        permissions.push(each);
      }
      for (const each of part.roles) {
        const place = `policy.roles[${roles.length}]`;
        assertNew(problems, names, `role ${each.name}`, place);
        checkHeld(problems, each, place);
        for (const [index, { condition }] of each.denialConditions.entries()) {
          checkCondition(condition, `${place}.denial_conditions[${index}]`);
        }
        roles.push(each);
      }
      for (const each of part.exclusions) {
        const place = `policy.exclusions[${exclusions.length}]`;
        const key = keyOf(each);
        if (names.has(key)) problems.add(place, 'EXCLUSION_TWICE', 'is there twice');
        names.add(key);
        exclusions.push(each);
      }
    },
    join() {
      problems.throwIfAny();
      return { permissions, roles, exclusions };
    },
  };
}

/** What tells an exclusion from all others, whichever of its roles comes first. */
export function keyOf({ role, excludedRole }: Pick<DocumentExclusion, 'role' | 'excludedRole'>): string {
  return role < excludedRole ? `${role} ${excludedRole}` : `${excludedRole} ${role}`;
}

function assertNew(problems: PolicyProblems, names: Set<string>, name: string, place: string): void {
  if (names.has(name)) problems.add(`${place}.name`, 'NAME_TWICE', `the ${name} is there twice`);
  names.add(name);
}

function checkHeld(problems: PolicyProblems, role: DocumentRole, place: string): void {
  if (role.permissions.length + role.deniedPermissions.length > ROLE_PERMISSIONS_MAX) {
    const why = `it holds and denies more than ${ROLE_PERMISSIONS_MAX} permissions`;
    problems.add(place, 'ROLE_PERMISSIONS_TOO_MANY', why);
  }
  for (const { index, permission, isTwice } of denialProblems(role.deniedPermissions, role.denialConditions)) {
    const why = isTwice ? `${permission} has a condition already` : `the role does not deny ${permission}`;
    problems.add(`${place}.denial_conditions[${index}]`, isTwice ? 'DENIAL_TWICE' : 'DENIAL_NOT_FOUND', why);
  }
  if (role.deniedPermissions.length === 0) return;
  const allowed = new Set(role.permissions);
  for (const [index, name] of role.deniedPermissions.entries()) {
    if (!allowed.has(name)) continue;
    problems.add(`${place}.denied_permissions[${index}]`, 'PERMISSION_TWICE', `the role also holds ${name}`);
  }
}

function charactersOf({ permissions, roles, exclusions }: PolicyDocument): number {
  let sum = 0;
  for (const { name, description, category, condition } of permissions) {
    sum += name.length + description.length + category.length + condition.length;
  }
  for (const role of roles) {
    sum += role.name.length + role.description.length + role.parent.length;
    for (const name of role.permissions) sum += name.length;
    for (const name of role.deniedPermissions) sum += name.length;
    for (const { permission, condition } of role.denialConditions) sum += permission.length + condition.length;
  }
  for (const { role, excludedRole, reason } of exclusions) sum += role.length + excludedRole.length + reason.length;
  return sum;
}
