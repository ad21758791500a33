import { ANY, type Model, splitPermission } from '@gatehouse/client/policy';

/** For each model that was asked about, the actions that it names, by resource. */
const known = new WeakMap<Model, ReadonlyMap<string, ReadonlySet<string>>>();

/** The actions on resources of the type that any role names, those of `*:action` among them, in order. */
export function namedActions(model: Model, resourceType: string): readonly string[] {
  const byType = known.get(model) ?? actionsByType(model);
  known.set(model, byType);
  return [...new Set([...(byType.get(resourceType) ?? []), ...(byType.get(ANY) ?? [])])].sort();
}

function actionsByType({ roles }: Model): ReadonlyMap<string, ReadonlySet<string>> {
  const byType = new Map<string, Set<string>>();
  for (const { permissions } of roles.values()) {
    for (const { name } of permissions) {
      const { resource, action } = splitPermission(name);
      if (action === ANY) continue;
      const actions = byType.get(resource) ?? new Set();
      byType.set(resource, actions.add(action));
    }
  }
  return byType;
}
