/** Stands for every resource, or for every action. */
export const ANY = '*';

/** The form of a permission that is asked for: `resource:action`, without wildcards. */
export const PERMISSION = /^[a-z0-9][a-z0-9_.-]{0,62}:[a-z0-9][a-z0-9_.-]{0,62}$/;
/** The form of a permission that a role holds: `*` on either side stands for all. */
export const HELD_PERMISSION = /^(\*|[a-z0-9][a-z0-9_.-]{0,62}):(\*|[a-z0-9][a-z0-9_.-]{0,62})$/;

/** Takes `resource:action` apart. The name must be of one of the two forms. */
export function splitPermission(name: string): { readonly resource: string; readonly action: string } {
  const colon = name.indexOf(':');
  return { resource: name.slice(0, colon), action: name.slice(colon + 1) };
}

/** The name that stands for what both stand for; undefined: there is nothing. */
export function commonName(one: string, other: string): string | undefined {
  const [left, right] = [splitPermission(one), splitPermission(other)];
  const resource = commonPart(left.resource, right.resource);
  const action = commonPart(left.action, right.action);
  return resource === undefined || action === undefined ? undefined : `${resource}:${action}`;
}

function commonPart(one: string, other: string): string | undefined {
  if (one === ANY || one === other) return other;
  return other === ANY ? one : undefined;
}
