import type { PolicyProblems } from './policy-problems.ts';
import { LEVEL_MAX } from './role.ts';

/** A role in the hierarchy as it is to be. */
export interface ForestRole {
  /** Name of its parent; undefined: none. */
  readonly parent: string | undefined;
  /** Where a document lists it; undefined: it does not. */
  readonly place: string | undefined;
}

/**
 * The level of each role of a hierarchy whose parents are all in it. A cycle, and a role more than LEVEL_MAX levels below its
 * topmost ancestor, are problems of the listed role from which they come.
 */
export function levelsOf(
  roles: ReadonlyMap<string, ForestRole>,
  problems: PolicyProblems,
): ReadonlyMap<string, number> {
  const levels = new Map<string, number>();
  for (const start of roles.keys()) {
    const chain: string[] = [];
    const onChain = new Set<string>();
    let name: string | undefined = start;
    while (name !== undefined && !levels.has(name) && !onChain.has(name)) {
      chain.push(name);
      onChain.add(name);
      name = roles.get(name)?.parent;
    }
    if (name !== undefined && onChain.has(name)) tellCycle(roles, chain.slice(chain.indexOf(name)), problems);
    let level = name === undefined ? -1 : (levels.get(name) ?? -1);
    for (const each of chain.reverse()) {
      level += 1;
      levels.set(each, level);
      if (level === LEVEL_MAX + 1) tellTooDeep(roles, each, problems);
    }
  }
  return levels;
}

function tellCycle(roles: ReadonlyMap<string, ForestRole>, members: readonly string[], problems: PolicyProblems): void {
  // A cycle comes from what the document lists: the roles that are stored have none.
  const place = members.map((name) => roles.get(name)?.place).find((each) => each !== undefined);
  const path = [...members.slice(0, 10), ...(members.length > 10 ? ['…'] : []), members[0] ?? ''].join(' > ');
  problems.add(`${place ?? 'policy.roles'}.parent`, 'ROLE_CYCLE', `the roles are their own ancestors: ${path}`);
}

function tellTooDeep(roles: ReadonlyMap<string, ForestRole>, name: string, problems: PolicyProblems): void {
  let listed: string | undefined = name;
  while (listed !== undefined && roles.get(listed)?.place === undefined) listed = roles.get(listed)?.parent;
  const place = (listed === undefined ? undefined : roles.get(listed)?.place) ?? 'policy.roles';
  problems.add(`${place}.parent`, 'ROLE_TOO_DEEP', `${name} has more than ${LEVEL_MAX} ancestors`);
}

/** Whether a role is another one or an ancestor of it. The hierarchy has no cycle. */
export function isAncestorIn(roles: ReadonlyMap<string, ForestRole>, ancestor: string, name: string): boolean {
  for (const each of lineageIn(roles, name)) if (each === ancestor) return true;
  return false;
}

/** A role and its ancestors, from itself up. The hierarchy has no cycle. */
export function* lineageIn(roles: ReadonlyMap<string, ForestRole>, name: string): Generator<string> {
  for (let each: string | undefined = name; each !== undefined; each = roles.get(each)?.parent) yield each;
}
