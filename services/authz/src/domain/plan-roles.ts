import { Failure } from '@gatehouse/failure';
import { changeOf, type FieldChange, listField, type PolicyChange, sortedChanges, textField } from './policy-change.ts';
import type { DocumentRole, PolicyDocument } from './policy-document.ts';
import type { Planning } from './policy-plan.ts';
import { type PolicyProblems, placed } from './policy-problems.ts';
import type { Role } from './role.ts';
import { type ForestRole, levelsOf } from './role-forest.ts';
import { denialInWords, denialsWithCondition, type Held, heldEntries, namesWith } from './role-update.ts';
import { type HoldingRole, roleNames, type StoredPolicy } from './stored-policy.ts';

/** A role that is to be made. */
export interface NewRole {
  readonly role: Role;
  readonly held: Held;
}

/** A role that is to be other than it is. */
export interface ChangedRole {
  readonly before: HoldingRole;
  readonly description: string;
  /** undefined: none. */
  readonly parentRoleId: string | undefined;
  readonly held: Held;
}

/** Where a role is to lie. */
export interface Placement {
  readonly id: string;
  readonly parentRoleId: string | undefined;
  readonly level: number;
}

/** What has to be done with roles. */
export interface RolePlan {
  readonly created: readonly NewRole[];
  readonly changed: readonly ChangedRole[];
  readonly deleted: readonly HoldingRole[];
  /**
   * Of new roles that do not lie on top, of stored ones that come to lie elsewhere, with their descendants, and of those
   * that are to go, which come to lie on top before.
   */
  readonly placements: readonly Placement[];
  /** Names of the stored roles that get another parent. */
  readonly moved: readonly string[];
  /** All that there will be, by name. */
  readonly ids: ReadonlyMap<string, string>;
  readonly forest: ReadonlyMap<string, ForestRole>;
  readonly changes: readonly PolicyChange[];
}

export interface RolePlanning {
  readonly stored: StoredPolicy;
  readonly document: PolicyDocument;
  readonly planning: Planning;
  /** Names that are not deleted; undefined: none is. */
  readonly kept: ReadonlySet<string> | undefined;
  /** Permissions that there will be, by name. */
  readonly permissionIds: ReadonlyMap<string, string>;
  readonly problems: PolicyProblems;
}

/** Throws Failure `precondition` SYSTEM_ROLE_PROTECTED, and POLICY_INVALID with the problems so far. */
export function planRoles(given: RolePlanning): RolePlan {
  const { stored, document, planning, problems } = given;
  const { ids, forest, deleted } = layOut(given);
  checkReferences(given, forest);
  const levels = levelsOf(forest, problems);
  problems.throwIfAny();

  const storedNames = roleNames(stored);
  const created: NewRole[] = [];
  const changed: ChangedRole[] = [];
  const moved: string[] = [];
  const changes = deleted.map(({ name }) => changeOf('role', 'deleted', name));
  for (const [index, listed] of document.roles.entries()) {
    const { name, description } = listed;
    const before = stored.roles.get(name);
    const parentRoleId = listed.parent === '' ? undefined : ids.get(listed.parent);
    const held = heldOf(listed);
    if (!before) {
      const placement = { parentRoleId, level: levels.get(name) ?? 0 };
      const by = { createdAt: planning.at, createdBy: planning.by };
      created.push({ role: { id: ids.get(name) ?? '', name, description, ...placement, ...by }, held });
      changes.push(changeOf('role', 'created', name));
      continue;
    }
    const parent = before.parentRoleId === undefined ? '' : (storedNames.get(before.parentRoleId) ?? '');
    const fields = differences(before, parent, listed);
    if (fields.length === 0) continue;
    if (before.isSystemRole) throw systemRoleProtected(`policy.roles[${index}]`, name);
    changed.push({ before, description, parentRoleId, held });
    if (parent !== listed.parent) moved.push(name);
    changes.push(changeOf('role', 'changed', name, fields));
  }
  for (const [name, { place }] of forest) if (!place) changes.push(changeOf('role', 'unlisted', name));

  const placements = [...forest].flatMap(([name, { parent }]): Placement[] => {
    const before = stored.roles.get(name);
    const parentRoleId = parent === undefined ? undefined : ids.get(parent);
    const level = levels.get(name) ?? 0;
    if (level === (before?.level ?? 0) && parentRoleId === before?.parentRoleId) return [];
    return [{ id: ids.get(name) ?? '', parentRoleId, level }];
  });
  // What goes must not hold fast what comes to lie elsewhere.
  for (const { id, level } of deleted) if (level > 0) placements.push({ id, parentRoleId: undefined, level: 0 });
  return { created, changed, deleted, placements, moved, ids, forest, changes: sortedChanges(changes) };
}

/** Which roles there will be, and below which others. */
function layOut({ stored, document, planning, kept }: RolePlanning) {
  const ids = new Map<string, string>();
  const forest = new Map<string, ForestRole>();
  for (const [index, { name, parent }] of document.roles.entries()) {
    ids.set(name, stored.roles.get(name)?.id ?? planning.newId());
    forest.set(name, { parent: parent || undefined, place: `policy.roles[${index}]` });
  }
  const names = roleNames(stored);
  const deleted: HoldingRole[] = [];
  for (const role of stored.roles.values()) {
    if (forest.has(role.name)) continue;
    if (kept && !kept.has(role.name)) {
      deleted.push(role);
      continue;
    }
    ids.set(role.name, role.id);
    const parent = role.parentRoleId === undefined ? undefined : names.get(role.parentRoleId);
    forest.set(role.name, { parent, place: undefined });
  }
  return { ids, forest, deleted };
}

function checkReferences(
  { document, permissionIds, problems }: RolePlanning,
  forest: ReadonlyMap<string, ForestRole>,
): void {
  for (const [index, role] of document.roles.entries()) {
    const place = `policy.roles[${index}]`;
    if (role.parent !== '' && !forest.has(role.parent)) {
      problems.add(`${place}.parent`, 'PARENT_ROLE_NOT_FOUND', `there is no role ${role.parent}`);
    }
    for (const [list, names] of [
      ['permissions', role.permissions],
      ['denied_permissions', role.deniedPermissions],
    ] as const) {
      for (const [at, name] of names.entries()) {
        if (permissionIds.has(name)) continue;
        problems.add(`${place}.${list}[${at}]`, 'PERMISSION_NOT_FOUND', `there is no permission ${name}`);
      }
    }
  }
}

function heldOf({ permissions, deniedPermissions, denialConditions }: DocumentRole): Held {
  return new Map(heldEntries(permissions, deniedPermissions, denialConditions));
}

function differences(before: HoldingRole, parent: string, listed: DocumentRole): FieldChange[] {
  return [
    ...textField('description', before.description, listed.description),
    ...textField('parent', parent, listed.parent),
    ...listField('permissions', namesWith('allow', before.held), listed.permissions),
    ...listField('denied_permissions', namesWith('deny', before.held), listed.deniedPermissions),
    ...listField(
      'denial_conditions',
      denialsWithCondition(before.held).map(denialInWords),
      listed.denialConditions.map(denialInWords),
    ),
  ];
}

function systemRoleProtected(place: string, name: string): Failure {
  const sentence = `Gatehouse needs the role ${name} as it is.`;
  return new Failure('precondition', 'SYSTEM_ROLE_PROTECTED', sentence, {
    ...placed(place, 'is a system role'),
    metadata: { role: name },
  });
}
