import { lineage, type Model } from './model.ts';

/** Two roles that would be held together although an exclusion forbids it. */
export interface ExclusionBreach {
  readonly roleId: string;
  readonly excludedRoleId: string;
}

/**
 * The first exclusion that holding all the roles together would break. A role stands for its ancestors as well: whoever
 * holds a descendant of one role may not hold a descendant of the other.
 */
export function findBreach(model: Model, roleIds: readonly string[]): ExclusionBreach | undefined {
  if (model.exclusions.length === 0) return undefined;
  const held = new Set<string>();
  for (const id of roleIds) for (const role of lineage(model, id)) held.add(role.id);
  return model.exclusions.find(({ roleId, excludedRoleId }) => held.has(roleId) && held.has(excludedRoleId));
}
