import { type Model, matches } from './model.ts';

/** The roles that matter to a permission. */
export interface RolesAbout {
  /** Those that hold it, themselves or through an ancestor, and may so allow it. */
  readonly allowing: readonly string[];
  /** Those and the ones that only deny it: no other role has a say in it. */
  readonly all: readonly string[];
}

/** Looks at each permission of each role once: nothing is compiled for roles that nobody is granted. */
export function rolesAbout({ roles }: Model, permission: string): RolesAbout {
  const allowing = new Set<string>();
  const all = new Set<string>();
  for (const { id, parentId, permissions } of roles.values()) {
    const own = permissions.filter(({ name }) => matches(name, permission));
    const isHeir = (of: ReadonlySet<string>) => parentId !== undefined && of.has(parentId);
    if (own.some(({ effect }) => effect === 'allow') || isHeir(allowing)) allowing.add(id);
    if (own.length > 0 || isHeir(all)) all.add(id);
  }
  return { allowing: [...allowing], all: [...all] };
}
