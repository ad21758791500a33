import { canonicalName } from './percent.ts';

/** Stands for every resource, or for every action. */
export const ANY = '*';

/** As the protos have it: whether the percent signs make sense is told by `canonicalPermission`. */
const PART = '[A-Za-z0-9_.~%\\-]{1,128}';
const PERMISSION = new RegExp(`^${PART}:${PART}$`);
const HELD_PERMISSION = new RegExp(`^(?:\\*|${PART}):(?:\\*|${PART})$`);

/** Whether the text is a permission that can be asked for: `resource:action`, without wildcards. */
export function isPermission(text: string): boolean {
  return canonicalPermission(text) !== undefined;
}

/** Whether the text is, in its one form, a permission that a role can hold: `*` on either side stands for all. */
export function isHeldPermission(text: string): boolean {
  return HELD_PERMISSION.test(text) && canonicalParts(text) === text;
}

/** The one form of a permission that is asked for; undefined: the text is none. */
export function canonicalPermission(text: string): string | undefined {
  return PERMISSION.test(text) ? canonicalParts(text) : undefined;
}

/** Takes `resource:action` apart. The name must be of one of the two forms. */
export function splitPermission(name: string): { readonly resource: string; readonly action: string } {
  const colon = name.indexOf(':');
  return { resource: name.slice(0, colon), action: name.slice(colon + 1) };
}

function canonicalParts(name: string): string | undefined {
  if (!name.includes('%')) return name;
  const { resource, action } = splitPermission(name);
  const [left, right] = [canonicalName(resource), canonicalName(action)];
  return left === undefined || right === undefined ? undefined : `${left}:${right}`;
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
