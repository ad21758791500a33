import type { Policy } from '@gatehouse/client/policy-file';
import type {
  ApplyPolicyRequest,
  PolicyExclusion,
  PolicyPermission,
  PolicyRole,
} from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { inMessages } from '@gatehouse/rpc';

/** How a file is applied. */
export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly prune: boolean;
}

type Item =
  | { readonly of: 'permission'; readonly item: PolicyPermission }
  | { readonly of: 'role'; readonly item: PolicyRole }
  | { readonly of: 'exclusion'; readonly item: PolicyExclusion };

/** A file as the messages in which ApplyPolicy takes it, everything in the order in which the parser has it. */
export function* toRequests(policy: Policy, options: ApplyOptions): Generator<ApplyPolicyRequest> {
  for (const { items, isLast } of inMessages(itemsOf(policy))) {
    yield {
      policy: {
        permissions: items.flatMap((each) => (each.of === 'permission' ? [each.item] : [])),
        roles: items.flatMap((each) => (each.of === 'role' ? [each.item] : [])),
        exclusions: items.flatMap((each) => (each.of === 'exclusion' ? [each.item] : [])),
      },
      isComplete: isLast,
      ...options,
      mustMatchRevision: undefined,
    };
  }
}

function* itemsOf({ permissions, roles, exclusions }: Policy): Generator<Item> {
  for (const { condition, ...rest } of permissions.values()) {
    yield { of: 'permission', item: { ...rest, condition: condition?.source ?? '' } };
  }
  for (const { name, description, parent = '', permissions: allowed, deny } of roles.values()) {
    yield {
      of: 'role',
      item: {
        name,
        description,
        parent,
        permissions: [...allowed],
        deniedPermissions: deny.map(({ permission }) => permission),
        denialConditions: deny.flatMap(({ permission, condition }) =>
          condition ? [{ permission, condition: condition.source }] : [],
        ),
      },
    };
  }
  for (const { roles: pair, reason } of exclusions) {
    yield { of: 'exclusion', item: { role: pair[0], excludedRole: pair[1], reason } };
  }
}

const KEYS: Readonly<Record<string, string>> = { is_dangerous: 'dangerous', denied_permissions: 'deny' };
const PLACE = /^policy\.(permissions|roles|exclusions)\[(\d+)\](?:\.([a-z_]+)(?:\[(\d+)\](?:\.([a-z]+))?)?)?$/;

/** Where in the file a place of the document stands, such as `policy.roles[3].parent`; undefined: nowhere. */
export function pathOf(policy: Policy, place: string): readonly (string | number)[] | undefined {
  const [, section, index, field, item, part] = PLACE.exec(place) ?? [];
  if (section === undefined) return undefined;
  const at = Number(index);
  if (section === 'exclusions') {
    const role = field === 'role' ? [0] : field === 'excluded_role' ? [1] : undefined;
    return ['exclusions', at, ...(role ? ['roles', ...role] : field ? [field] : [])];
  }
  const name = [...(section === 'roles' ? policy.roles : policy.permissions).keys()][at];
  if (name === undefined) return undefined;
  // A name is a key.
  if (field === undefined || field === 'name') return [section, name];
  if (field === 'denial_conditions')
    return [section, name, 'deny', ...denialAt(policy, name, Number(item)), ...(part ? [part] : [])];
  return [section, name, KEYS[field] ?? field, ...(item === undefined ? [] : [Number(item)])];
}

/** The place among the denials of a role of the one with the condition that was sent as the `nth`. */
function denialAt({ roles }: Policy, role: string, nth: number): readonly number[] {
  const places = (roles.get(role)?.deny ?? []).flatMap(({ condition }, index) => (condition ? [index] : []));
  const place = places[nth];
  return place === undefined ? [] : [place];
}
