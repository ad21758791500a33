import { canonicalScope, EVERYWHERE, findBreach, type Model } from '../policy/index.ts';
import { didYouMean } from './did-you-mean.ts';
import { type FieldReader, shown } from './fields.ts';
import { GRANTS_OF_TEST_MAX, NAME_CHARACTERS_MAX } from './limits.ts';
import type { TestGrant } from './policy.ts';
import type { Offset } from './problem.ts';
import { readCondition } from './read-condition.ts';
import { readTime } from './read-time.ts';
import type { Value } from './read-yaml.ts';

const KEYS = ['user', 'role', 'scope', 'valid_from', 'valid_until', 'condition', 'status'];
const STATUSES = ['active', 'pending', 'suspended'] as const;

/** The grants of a test. Roles of one user that exclude each other are a problem, as the service would refuse them. */
export function readGrants(reader: FieldReader, value: Value | undefined, model: Model): readonly TestGrant[] {
  const rolesOf = new Map<string, string[]>();
  return (reader.items(value, 'grants', GRANTS_OF_TEST_MAX) ?? []).flatMap((item, index) => {
    const grant = readGrant(reader, item, model, index + 1);
    if (!grant) return [];
    const held = rolesOf.get(grant.user) ?? [];
    rolesOf.set(grant.user, held);
    checkExclusions(reader, item.at, model, held, grant);
    return [grant];
  });
}

function readGrant(reader: FieldReader, value: Value, model: Model, number: number): TestGrant | undefined {
  const fields = reader.fields(value, 'A grant', KEYS, ['user', 'role']);
  if (!fields) return undefined;
  const of = (key: string) => fields.get(key)?.value;
  const user = reader.text(of('user'), 'The user of a grant', NAME_CHARACTERS_MAX);
  const role = reader.text(of('role'), 'The role of a grant');
  if (role !== undefined && !model.roles.has(role)) {
    const message = `There is no role ${shown(role)}.${didYouMean(role, model.roles.keys())}`;
    reader.problems.add(of('role')?.at ?? value.at, 'UNKNOWN_ROLE', message);
  }
  const status = reader.text(of('status'), 'The status of a grant') ?? 'active';
  const known = STATUSES.find((each) => each === status);
  if (known === undefined) {
    const message = `The status of a grant is ${STATUSES.join(', ')}, not ${shown(status)}.`;
    reader.problems.add(of('status')?.at ?? value.at, 'WRONG_VALUE', message);
  }
  const validFromMs = readTime(reader, of('valid_from'), 'valid_from') ?? Number.NEGATIVE_INFINITY;
  const validUntilMs = readTime(reader, of('valid_until'), 'valid_until') ?? Number.POSITIVE_INFINITY;
  if (validFromMs >= validUntilMs) {
    reader.problems.add(of('valid_until')?.at ?? value.at, 'WRONG_VALUE', 'valid_until has to be after valid_from.');
  }
  return {
    id: String(number),
    user: user ?? '',
    roleId: role ?? '',
    scope: readScope(reader, of('scope'), 'The scope of a grant'),
    validFromMs,
    validUntilMs,
    condition: readCondition(reader, of('condition'), 'The condition of a grant'),
    status: known ?? 'active',
  };
}

/** A scope or a resource; everywhere when there is none. */
export function readScope(reader: FieldReader, value: Value | undefined, what: string): string {
  const given = reader.text(value, what) ?? EVERYWHERE;
  const scope = canonicalScope(given);
  if (scope !== undefined) return scope;
  const message = `${what} is pairs of type and id, such as tenant/7/project/42, not ${shown(given)}.`;
  reader.problems.add(value?.at ?? 0, 'BAD_NAME', message);
  return EVERYWHERE;
}

function checkExclusions(reader: FieldReader, at: Offset, model: Model, held: string[], grant: TestGrant): void {
  const breach = findBreach(model, [...held, grant.roleId]);
  if (!breach) {
    held.push(grant.roleId);
    return;
  }
  const { roleId, excludedRoleId } = breach;
  const message = `With this grant ${grant.user} would hold both ${roleId} and ${excludedRoleId}, which exclude each other.`;
  reader.problems.add(at, 'EXCLUSION_BROKEN', message);
}
