import type { PolicyDocument } from './policy-document.ts';
import type { PolicyPlan } from './policy-plan.ts';
import { type StoredPolicy, toDocument } from './stored-policy.ts';

/** The model as it would be, as a document that lists all of it; exclusions are left out. */
export function outcomeOf(stored: StoredPolicy, document: PolicyDocument, plan: PolicyPlan): PolicyDocument {
  const before = toDocument(stored);
  const listed = {
    permissions: new Set(document.permissions.map(({ name }) => name)),
    roles: new Set(document.roles.map(({ name }) => name)),
  };
  const { ids: permissionIds } = plan.permissions;
  return {
    permissions: [
      ...document.permissions,
      ...before.permissions.filter(({ name }) => !listed.permissions.has(name) && permissionIds.has(name)),
    ],
    roles: [
      ...document.roles,
      ...before.roles.filter(({ name }) => !listed.roles.has(name) && plan.roles.forest.has(name)),
    ],
    exclusions: [],
  };
}

/** The ids of the stored roles that may come to allow or deny something else, themselves or through an ancestor. */
export function affectedRoles(stored: StoredPolicy, { roles, permissions }: PolicyPlan): readonly string[] {
  const conditional = new Set(
    permissions.changed.flatMap(({ before, after }) =>
      before.condition === after.condition ? [] : [`${before.resource}:${before.action}`],
    ),
  );
  const names = new Set([...roles.changed.map(({ before }) => before.name), ...roles.deleted.map(({ name }) => name)]);
  if (conditional.size > 0) {
    for (const { name, held } of stored.roles.values()) {
      // What is said of a permission does not touch what denies it.
      if ([...held].some(([each, { effect }]) => effect === 'allow' && conditional.has(each))) names.add(name);
    }
  }
  const before = new Map(toDocument(stored).roles.map(({ name, parent }) => [name, parent || undefined]));
  const after = new Map([...roles.forest].map(([name, { parent }]) => [name, parent]));
  const isBelow = (parents: ReadonlyMap<string, string | undefined>, start: string) => {
    for (let name: string | undefined = start; name !== undefined; name = parents.get(name)) {
      if (names.has(name)) return true;
    }
    return false;
  };
  return [...stored.roles.values()].flatMap(({ id, name }) =>
    isBelow(before, name) || isBelow(after, name) ? [id] : [],
  );
}
