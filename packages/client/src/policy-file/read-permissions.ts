import { isHeldPermission } from '../policy/index.ts';
import { type FieldReader, shown } from './fields.ts';
import { CATEGORY_CHARACTERS_MAX, PERMISSIONS_MAX } from './limits.ts';
import type { PolicyPermission } from './policy.ts';
import { readCondition } from './read-condition.ts';
import type { Value } from './read-yaml.ts';

const KEYS = ['description', 'category', 'dangerous', 'condition'];

export function readPermissions(reader: FieldReader, value: Value | undefined): ReadonlyMap<string, PolicyPermission> {
  const permissions = new Map<string, PolicyPermission>();
  for (const { key: name, at, value: given } of reader.entries(value, 'permissions', PERMISSIONS_MAX) ?? []) {
    if (!isHeldPermission(name)) {
      const form =
        'A permission is resource:action in letters, digits, ".", "-", "_" and "~", the rest percent-encoded, or * on either side';
      reader.problems.add(at, 'BAD_NAME', `${shown(name)} is no name of a permission. ${form}.`);
    }
    const what = `The permission ${name}`;
    const fields = reader.fields(given, what, KEYS);
    const of = (key: string) => fields?.get(key)?.value;
    permissions.set(name, {
      name,
      description: reader.text(of('description'), `The description of ${name}`) ?? '',
      category: reader.text(of('category'), `The category of ${name}`, CATEGORY_CHARACTERS_MAX) ?? '',
      isDangerous: reader.flag(of('dangerous'), `dangerous of ${name}`) ?? false,
      condition: readCondition(reader, of('condition'), `The condition of ${name}`),
    });
  }
  return permissions;
}
