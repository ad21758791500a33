import { canonicalId, canonicalName } from './percent.ts';

/** Most characters of a scope or a resource. */
export const SCOPE_CHARACTERS_MAX = 512;
/** Most pairs of type and id in a scope or a resource. */
export const SCOPE_DEPTH_MAX = 8;
/** The scope of a grant that holds everywhere, and the resource of a check that is about none. */
export const EVERYWHERE = '';

/** As the protos have it: whether the percent signs make sense is told by `canonicalScope`. */
const PAIR = "[A-Za-z0-9_.~%\\-]{1,128}/[A-Za-z0-9_.:@~!$&'()+,;=%\\-]{1,256}";
const PATH = new RegExp(`^${PAIR}(?:/${PAIR}){0,${SCOPE_DEPTH_MAX - 1}}$`);

/** Whether the text names a scope: nothing, or a path of types and ids such as `tenant/7/project/42`. */
export function isScope(text: string): boolean {
  return canonicalScope(text) !== undefined;
}

/**
 * The one form of a scope, which is what grants and questions are compared by: encoded is what has to be, and nothing else.
 * undefined: the text names no scope.
 */
export function canonicalScope(text: string): string | undefined {
  if (text === EVERYWHERE) return text;
  if (text.length > SCOPE_CHARACTERS_MAX || !PATH.test(text)) return undefined;
  if (!text.includes('%')) return text;
  const parts = text.split('/').map((part, index) => (index % 2 === 0 ? canonicalName(part) : canonicalId(part)));
  return parts.includes(undefined) ? undefined : parts.join('/');
}

/**
 * Whether a grant with this scope holds for the resource: everywhere, on the resource itself, or on one of its parents.
 * A resource is known by its whole path, so `project/42` and `tenant/7/project/42` are two resources.
 */
export function covers(scope: string, resource: string): boolean {
  if (scope === EVERYWHERE) return true;
  return resource.startsWith(scope) && (resource.length === scope.length || resource[scope.length] === '/');
}

/** The scopes whose grants hold for the resource: everywhere, its parents from the top, and itself. */
export function scopesOver(resource: string): readonly string[] {
  const scopes = [EVERYWHERE];
  if (resource === EVERYWHERE) return scopes;
  const parts = resource.split('/');
  for (let end = 2; end <= parts.length; end += 2) scopes.push(parts.slice(0, end).join('/'));
  return scopes;
}
