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
