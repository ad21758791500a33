import { compileModel, findBreach, lineage, type Model } from '../policy/index.ts';
import { didYouMean } from './did-you-mean.ts';
import { type FieldReader, shown } from './fields.ts';
import { EXCLUSIONS_MAX } from './limits.ts';
import type { PolicyExclusion, PolicyRole } from './policy.ts';
import type { Value } from './read-yaml.ts';

export function readExclusions(
  reader: FieldReader,
  value: Value | undefined,
  roles: ReadonlyMap<string, PolicyRole>,
): readonly PolicyExclusion[] {
  const ancestry = ancestryOf(roles);
  return (reader.items(value, 'exclusions', EXCLUSIONS_MAX) ?? []).flatMap((item) => {
    const fields = reader.fields(item, 'An exclusion', ['roles', 'reason'], ['roles']);
    const list = fields?.get('roles')?.value;
    const reason = reader.text(fields?.get('reason')?.value, 'The reason of an exclusion') ?? '';
    if (!list) return [];
    const names = (reader.items(list, 'roles of an exclusion', 2) ?? []).flatMap((each) => {
      const name = reader.text(each, 'A role of an exclusion');
      if (name === undefined) return [];
      if (roles.has(name)) return [name];
      const message = `There is no role ${shown(name)}.${didYouMean(name, roles.keys())}`;
      reader.problems.add(each.at, 'UNKNOWN_ROLE', message);
      return [];
    });
    const [first, second] = names;
    if (list.kind === 'list' && list.items.length < 2) {
      reader.problems.add(list.at, 'WRONG_VALUE', 'An exclusion is between two roles.');
    }
    if (first === undefined || second === undefined) return [];
    const broken = breachOf(ancestry, first, second);
    if (broken) reader.problems.add(list.at, 'EXCLUSION_IMPOSSIBLE', broken);
    return [{ roles: [first, second] as const, reason }];
  });
}

/** The model without permissions, which is enough to tell who descends from whom. */
function ancestryOf(roles: ReadonlyMap<string, PolicyRole>): Model {
  return compileModel(
    0n,
    [...roles.values()].map(({ name, parent }) => ({ id: name, name, parentId: parent, permissions: [] })),
  );
}

/** Why nobody could ever hold one of the roles, as a sentence. */
function breachOf(ancestry: Model, first: string, second: string): string | undefined {
  if (first === second) return `${first} can't be excluded with itself.`;
  const only = { ...ancestry, exclusions: [{ roleId: first, excludedRoleId: second }] };
  const holder = [first, second].find((name) => findBreach(only, [name]));
  if (holder === undefined) return undefined;
  const path = [...lineage(ancestry, holder)].map(({ name }) => name);
  return `Nobody could hold ${holder}, which descends from the role that it is excluded with (${path.join(' > ')}).`;
}
