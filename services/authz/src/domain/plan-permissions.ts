import { nameOf, type Permission, splitName } from './permission.ts';
import { changeOf, type FieldChange, type PolicyChange, sortedChanges, textField } from './policy-change.ts';
import type { DocumentPermission, PolicyDocument } from './policy-document.ts';
import type { Planning } from './policy-plan.ts';
import type { StoredPolicy } from './stored-policy.ts';

/** What has to be done with permissions. */
export interface PermissionPlan {
  readonly created: readonly Permission[];
  readonly changed: readonly { readonly before: Permission; readonly after: Permission }[];
  readonly deleted: readonly Permission[];
  /** Those that there will be, by name. */
  readonly ids: ReadonlyMap<string, string>;
  readonly changes: readonly PolicyChange[];
}

/** `kept` are names that are not deleted; undefined: none is. */
export function planPermissions(
  stored: StoredPolicy,
  document: PolicyDocument,
  { newId, at, by }: Planning,
  kept: ReadonlySet<string> | undefined,
): PermissionPlan {
  const created: Permission[] = [];
  const changed: { before: Permission; after: Permission }[] = [];
  const deleted: Permission[] = [];
  const ids = new Map<string, string>();
  const changes: PolicyChange[] = [];
  for (const listed of document.permissions) {
    const before = stored.permissions.get(listed.name);
    const { name, description, category, isDangerous, condition } = listed;
    const says = { description, category, isDangerous, condition };
    if (!before) {
      const permission = { id: newId(), ...splitName(name), ...says, createdAt: at, createdBy: by };
      created.push(permission);
      ids.set(name, permission.id);
      changes.push(changeOf('permission', 'created', name));
      continue;
    }
    ids.set(name, before.id);
    const fields = differences(before, listed);
    if (fields.length === 0) continue;
    changed.push({ before, after: { ...before, ...says } });
    changes.push(changeOf('permission', 'changed', name, fields));
  }
  for (const permission of stored.permissions.values()) {
    const name = nameOf(permission);
    if (ids.has(name)) continue;
    if (kept && !kept.has(name)) {
      deleted.push(permission);
      changes.push(changeOf('permission', 'deleted', name));
      continue;
    }
    ids.set(name, permission.id);
    changes.push(changeOf('permission', 'unlisted', name));
  }
  return { created, changed, deleted, ids, changes: sortedChanges(changes) };
}

function differences(before: Permission, listed: DocumentPermission): FieldChange[] {
  return [
    ...textField('description', before.description, listed.description),
    ...textField('category', before.category, listed.category),
    ...textField('is_dangerous', String(before.isDangerous), String(listed.isDangerous)),
    ...textField('condition', before.condition, listed.condition),
  ];
}
