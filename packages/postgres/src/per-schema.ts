import { identifier } from './identifier.ts';

/** Remembers what `make` makes for each schema, such as its statements. Throws when the name can't be a schema's. */
export function perSchema<T>(make: (schema: string) => T): (schema: string) => T {
  const made = new Map<string, T>();
  return (schema) => {
    const known = made.get(schema) ?? make(identifier(schema));
    made.set(schema, known);
    return known;
  };
}
