const IDENTIFIER = /^[a-z][a-z0-9_]{0,39}$/;

/**
 * The name as it is, when it can stand in SQL without quotes: lower case letters, digits and `_`, at most 40. Throws
 * otherwise. Names of schemas and services come from code, so that anything else is a mistake.
 */
export function identifier(name: string): string {
  if (!IDENTIFIER.test(name)) throw new Error(`"${name}" can't be the name of a schema.`);
  return name;
}
