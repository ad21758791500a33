/** Whether a pattern that must match a whole string bounds its length: it repeats nothing without an upper limit. */
export function isBoundedPattern(pattern: string): boolean {
  if (pattern === '' || patternError(pattern).length > 0) return false;
  const outsideClasses = pattern.replace(/\\.|\[(?:\\.|[^\]\\])*\]/g, 'x');
  return !/[*+]|\{\d+,\}/.test(outsideClasses);
}

/** What is wrong with a pattern as an ECMAScript expression with the u flag; nothing when it compiles. */
export function patternError(pattern: string): string[] {
  try {
    new RegExp(pattern, 'u');
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
