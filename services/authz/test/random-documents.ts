import type { Policy } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { seededChance } from '@gatehouse/testing/chance';
import { policyOf } from './policies.ts';

const NAMES = ['a:r', 'a:w', 'a:*', 'b:r', '*:r', '*:*', 'c:x'];
const ROLES = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6'];
const TEXTS = ['', '', 'one', 'two', 'with "quotes", #signs and: colons', 'línea\nnueva'];
const CONDITIONS = ['', '', 'true', 'request.authentication_level >= 2'];

const { happens: chance, next, pick } = seededChance();

/** A document without problems, at random, as ExportPolicy would return it: everything in the order of names. */
export function randomDocument(): Policy {
  const permissions = NAMES.filter(() => chance(0.6)).sort();
  // In an order of their own, so that parents of one document are children in the next.
  const order = ROLES.filter(() => chance(0.7)).sort(() => next() - 0.5);
  const parentOf = new Map(
    order.map((name, index) => [name, index > 0 && chance(0.6) ? pick(order.slice(0, index)) : '']),
  );
  const isAbove = (above: string, name: string): boolean =>
    name !== '' && (name === above || isAbove(above, parentOf.get(name) ?? ''));
  const pairs = order.flatMap((one) => order.filter((other) => one < other).map((other) => [one, other] as const));
  return policyOf({
    permissions: permissions.map((name) => ({
      name,
      description: pick(TEXTS),
      category: pick(TEXTS),
      isDangerous: chance(0.3),
      condition: pick(CONDITIONS),
    })),
    roles: [...order].sort().map((name) => {
      const held = permissions.filter(() => chance(0.4)).map((each) => [each, chance(0.3)] as const);
      return {
        name,
        description: pick(TEXTS),
        parent: parentOf.get(name) ?? '',
        permissions: held.flatMap(([each, isDenied]) => (isDenied ? [] : [each])),
        deniedPermissions: held.flatMap(([each, isDenied]) => (isDenied ? [each] : [])),
        denialConditions: held.flatMap(([permission, isDenied]) => {
          const condition = isDenied ? pick(CONDITIONS) : '';
          return condition === '' ? [] : [{ permission, condition }];
        }),
      };
    }),
    exclusions: pairs
      .filter(([one, other]) => !isAbove(one, other) && !isAbove(other, one) && chance(0.2))
      .sort(([a, b], [c, d]) => (`${a} ${b}` < `${c} ${d}` ? -1 : 1))
      .map(([one, other]) => [one, other, pick(TEXTS)] as const),
  });
}
