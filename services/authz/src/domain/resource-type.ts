/**
 * Whether a scope lies below a resource of the type, and is none itself; never for an empty type. What lies in a resource of
 * the type says nothing of a whole one, unless it is one: a folder in a folder.
 */
export function liesBelow(scope: string, type: string): boolean {
  if (type === '' || typeOf(scope) === type) return false;
  // A path is pairs of type and id.
  return scope.split('/').some((part, index) => index % 2 === 0 && part === type);
}

/** The type of what a scope names; empty for everywhere. */
export function typeOf(scope: string): string {
  return scope.split('/').at(-2) ?? '';
}
