import { didYouMean } from './did-you-mean.ts';
import { type FieldReader, shown } from './fields.ts';
import { DENIAL_CONDITIONS_MAX, LEVEL_MAX, PERMISSIONS_OF_ROLE_MAX, ROLES_MAX } from './limits.ts';
import type { PolicyDenial, PolicyPermission, PolicyRole } from './policy.ts';
import type { Offset } from './problem.ts';
import { readCondition } from './read-condition.ts';
import type { Value } from './read-yaml.ts';

const KEYS = ['description', 'parent', 'permissions', 'deny'];
const DENIAL_KEYS = ['permission', 'condition'];
/** The form of the name of a role, as the service has it. */
const ROLE = /^[a-z0-9][a-z0-9_.-]{0,62}$/;

/** A role, and where what it says of its parent stands. */
type Placed = PolicyRole & { readonly at: Offset };

/**
 * Roles with their parents before them. A parent that is unknown, or that leads back to the role, is left out. `denying` is
 * told of each denial where it stands.
 */
export function readRoles(
  reader: FieldReader,
  value: Value | undefined,
  permissions: ReadonlyMap<string, PolicyPermission>,
  denying: (role: string, denial: PolicyDenial, at: Offset) => void,
): ReadonlyMap<string, PolicyRole> {
  const entries = reader.entries(value, 'roles', ROLES_MAX) ?? [];
  const names = new Set(entries.map(({ key }) => key));
  const roles = new Map<string, Placed>();
  for (const { key: name, at, value: given } of entries) {
    if (!ROLE.test(name)) {
      const form = 'It has small letters, digits, ".", "-" and "_", at most 63';
      reader.problems.add(at, 'BAD_NAME', `${shown(name)} is no name of a role. ${form}.`);
    }
    const fields = reader.fields(given, `The role ${name}`, KEYS);
    const of = (key: string) => fields?.get(key)?.value;
    const parent = readParent(reader, of('parent'), name, names);
    const denied = readDenied(reader, of('deny'), name, permissions);
    for (const { at: denialAt, ...denial } of denied) denying(name, denial, denialAt);
    roles.set(name, {
      name,
      description: reader.text(of('description'), `The description of ${name}`) ?? '',
      parent,
      permissions: readAllowed(reader, of('permissions'), name, permissions),
      deny: denied.map(({ permission, condition }) => ({ permission, condition })),
      at: of('parent')?.at ?? at,
    });
  }
  return parentsFirst(reader, roles);
}

function readParent(
  reader: FieldReader,
  value: Value | undefined,
  name: string,
  names: ReadonlySet<string>,
): string | undefined {
  const parent = reader.text(value, `The parent of ${name}`);
  if (parent === undefined || names.has(parent)) return parent;
  const message = `There is no role ${shown(parent)}, which ${name} has as its parent.${didYouMean(parent, names)}`;
  reader.problems.add(value?.at ?? 0, 'UNKNOWN_PARENT', message);
  return undefined;
}

function readAllowed(
  reader: FieldReader,
  value: Value | undefined,
  role: string,
  permissions: ReadonlyMap<string, PolicyPermission>,
): readonly string[] {
  const what = `permissions of ${role}`;
  const names = namesOnce(reader, what, permissions);
  for (const item of reader.items(value, what, PERMISSIONS_OF_ROLE_MAX) ?? []) {
    names.add(reader.text(item, `A permission in ${what}`), item.at);
  }
  return names.list();
}

/** A denial is the name of a permission, or a map of that and the condition under which it is denied. */
function readDenied(
  reader: FieldReader,
  value: Value | undefined,
  role: string,
  permissions: ReadonlyMap<string, PolicyPermission>,
): readonly (PolicyDenial & { readonly at: Offset })[] {
  const what = `deny of ${role}`;
  const names = namesOnce(reader, what, permissions);
  const denied = (reader.items(value, what, PERMISSIONS_OF_ROLE_MAX) ?? []).flatMap((item) => {
    if (item.kind !== 'map') {
      const permission = reader.text(item, `A permission in ${what}`);
      return names.add(permission, item.at) ? [{ permission, condition: undefined, at: item.at }] : [];
    }
    const fields = reader.fields(item, `A denial in ${what}`, DENIAL_KEYS, DENIAL_KEYS);
    const named = fields?.get('permission')?.value;
    const permission = reader.text(named, `A permission in ${what}`);
    const condition = readCondition(reader, fields?.get('condition')?.value, `The condition of a denial in ${what}`);
    return names.add(permission, named?.at ?? item.at) ? [{ permission, condition, at: item.at }] : [];
  });
  if (denied.filter(({ condition }) => condition).length > DENIAL_CONDITIONS_MAX) {
    const message = `${what} may hold at most ${DENIAL_CONDITIONS_MAX} with conditions.`;
    reader.problems.add(value?.at ?? 0, 'TOO_MANY', message);
  }
  return denied;
}

/** The names of a list, each of which has to be declared, and may be there once. */
function namesOnce(reader: FieldReader, what: string, permissions: ReadonlyMap<string, PolicyPermission>) {
  const held = new Set<string>();
  return {
    /** Whether there is a name, and it is new. */
    add(name: string | undefined, at: Offset): name is string {
      if (name === undefined) return false;
      const isNew = !held.has(name);
      if (!isNew) reader.problems.add(at, 'DUPLICATE_VALUE', `${what} names ${shown(name)} twice.`);
      held.add(name);
      if (permissions.has(name)) return isNew;
      const hint = didYouMean(name, permissions.keys()) || ' It has to be declared under permissions.';
      reader.problems.add(at, 'UNKNOWN_PERMISSION', `There is no permission ${shown(name)}.${hint}`);
      return isNew;
    },
    list: () => [...held],
  };
}

function parentsFirst(reader: FieldReader, roles: ReadonlyMap<string, Placed>): ReadonlyMap<string, PolicyRole> {
  const sorted = new Map<string, PolicyRole>();
  const levels = new Map<string, number>();
  for (const start of roles.values()) {
    const chain: Placed[] = [];
    const onChain = new Set<string>();
    let role: Placed | undefined = start;
    while (role && !sorted.has(role.name) && !onChain.has(role.name)) {
      chain.push(role);
      onChain.add(role.name);
      role = role.parent === undefined ? undefined : roles.get(role.parent);
    }
    const loop = role && onChain.has(role.name) ? role : undefined;
    if (loop) {
      const members = chain.slice(chain.indexOf(loop)).map(({ name }) => name);
      const named = [...members.slice(0, 10), ...(members.length > 10 ? ['…'] : []), loop.name].join(' > ');
      reader.problems.add(loop.at, 'ROLE_CYCLE', `Roles are their own ancestors: ${named}.`);
    }
    for (const each of chain.toReversed()) {
      const parent = each === chain.at(-1) && loop ? undefined : each.parent;
      const level = parent === undefined ? 0 : (levels.get(parent) ?? 0) + 1;
      levels.set(each.name, level);
      const { at, ...rest } = each;
      sorted.set(each.name, { ...rest, parent });
      if (level !== LEVEL_MAX + 1) continue;
      const message = `The role ${each.name} has more than ${LEVEL_MAX} ancestors.`;
      reader.problems.add(at, 'ROLE_TOO_DEEP', message);
    }
  }
  return sorted;
}
