import { ANY, splitName } from './permission.ts';

/** A role as the model holds it: its own permissions, without those of its ancestors. */
export interface ModelRole {
  readonly id: string;
  readonly parentId: string | undefined;
  /** Names, as `resource:action`; `*` on either side stands for all. */
  readonly permissions: readonly string[];
}

/** All roles with everything that they allow, as of one revision. It never changes: a newer one takes its place. */
export interface Model {
  readonly revision: bigint;
  readonly roles: ReadonlyMap<string, RoleClosure>;
}

/** What a role allows, its ancestors included, by the four kinds of names. */
export interface RoleClosure {
  /** `*:*` */
  readonly everything: boolean;
  /** `documents:read`, whole. */
  readonly names: ReadonlySet<string>;
  /** `documents:*`, by resource. */
  readonly resources: ReadonlySet<string>;
  /** `*:read`, by action. */
  readonly actions: ReadonlySet<string>;
}

/**
 * Compiles roles into what they allow. A parent must come before its children; throws when one does not, because a role
 * without the permissions of its parent would deny what it should allow.
 */
export function compileModel(revision: bigint, roles: readonly ModelRole[]): Model {
  const compiled = new Map<string, RoleClosure>();
  for (const role of roles) {
    const parent = role.parentId === undefined ? NOTHING : compiled.get(role.parentId);
    if (!parent) throw new Error(`The role ${role.id} comes before its parent.`);
    compiled.set(role.id, close(parent, role.permissions));
  }
  return { revision, roles: compiled };
}

/** Whether any of the roles allows the permission. A role that the model does not know allows nothing. */
export function allows(model: Model, roleIds: readonly string[], permission: string): boolean {
  const { resource, action } = splitName(permission);
  for (const id of roleIds) {
    const role = model.roles.get(id);
    if (!role) continue;
    if (role.names.has(permission) || role.resources.has(resource) || role.actions.has(action) || role.everything) {
      return true;
    }
  }
  return false;
}

const NONE: ReadonlySet<string> = new Set();
const NOTHING: RoleClosure = { everything: false, names: NONE, resources: NONE, actions: NONE };

/** Sets that a role adds nothing to are shared with its parent: most hierarchies are wide, and memory is per process. */
function close(parent: RoleClosure, permissions: readonly string[]): RoleClosure {
  const parts = permissions.map((name) => ({ name, ...splitName(name) }));
  const own = parts.filter(({ resource, action }) => resource !== ANY && action !== ANY);
  const everyAction = parts.filter(({ resource, action }) => resource !== ANY && action === ANY);
  const everyResource = parts.filter(({ resource, action }) => resource === ANY && action !== ANY);
  return {
    everything: parent.everything || parts.some(({ resource, action }) => resource === ANY && action === ANY),
    names: union(
      parent.names,
      own.map(({ name }) => name),
    ),
    resources: union(
      parent.resources,
      everyAction.map(({ resource }) => resource),
    ),
    actions: union(
      parent.actions,
      everyResource.map(({ action }) => action),
    ),
  };
}

function union(inherited: ReadonlySet<string>, own: readonly string[]): ReadonlySet<string> {
  return own.every((item) => inherited.has(item)) ? inherited : new Set([...inherited, ...own]);
}
