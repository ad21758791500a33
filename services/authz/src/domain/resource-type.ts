/** Whether a scope lies below a resource of the type; never for an empty type. */
export function liesBelow(scope: string, type: string): boolean {
  // A path is pairs of type and id.
  const above = scope.split('/').slice(0, -2);
  return type !== '' && above.some((part, index) => index % 2 === 0 && part === type);
}
