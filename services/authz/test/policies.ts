import type {
  ApplyPolicyRequest,
  Policy,
  PolicyChange,
  PolicyExclusion,
  PolicyPermission,
  PolicyRole,
  PolicyServiceService,
} from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { PolicyChangeKind, PolicyItemKind } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { Client, ClientCallContext } from '@gatehouse/rpc';
import type { Fixture } from './fixture.ts';

/** A document of which only some is said: names of permissions stand for themselves. */
export interface Sketch {
  readonly permissions?: readonly (string | (Partial<PolicyPermission> & { readonly name: string }))[];
  readonly roles?: readonly (Partial<PolicyRole> & { readonly name: string })[];
  readonly exclusions?: readonly (PolicyExclusion | readonly [role: string, excludedRole: string, reason?: string])[];
}

export function policyOf({ permissions = [], roles = [], exclusions = [] }: Sketch): Policy {
  return {
    permissions: permissions.map((each) => ({
      description: '',
      category: '',
      isDangerous: false,
      condition: '',
      ...(typeof each === 'string' ? { name: each } : each),
    })),
    roles: roles.map((each) => ({
      description: '',
      parent: '',
      permissions: [],
      denialConditions: [],
      deniedPermissions: [],
      ...each,
    })),
    exclusions: exclusions.map((each) => {
      if ('role' in each) return each;
      const [role, excludedRole, reason = ''] = each;
      return { role, excludedRole, reason };
    }),
  };
}

export const OPTIONS = {
  isComplete: true,
  dryRun: false,
  prune: false,
  mustMatchRevision: undefined,
} satisfies Partial<ApplyPolicyRequest>;

/** All that a stream answers. */
export async function arrayOf<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

type Policies = Client<typeof PolicyServiceService>;

/** Applies a document in one message, and returns the whole answer. */
export async function apply(
  policies: Policies,
  policy: Sketch,
  options: Partial<Omit<ApplyPolicyRequest, 'policy'>> = {},
  context: ClientCallContext = {},
): Promise<{ changes: PolicyChange[]; revision: bigint; consistencyToken: string }> {
  return wholeAnswer(policies, [{ ...OPTIONS, ...options, policy: policyOf(policy) }], context);
}

/** Applies a document that comes in parts. */
export async function wholeAnswer(
  policies: Policies,
  requests: Iterable<ApplyPolicyRequest> | AsyncIterable<ApplyPolicyRequest>,
  context: ClientCallContext = {},
): Promise<{ changes: PolicyChange[]; revision: bigint; consistencyToken: string }> {
  const answers = await arrayOf(policies.applyPolicy(requests, context));
  const last = answers.at(-1);
  if (!last?.isComplete || answers.slice(0, -1).some((each) => each.isComplete)) throw new Error('It is not whole.');
  return { ...last, changes: answers.flatMap(({ changes }) => changes) };
}

/** The model as a document. */
export async function exported(policies: Policies): Promise<{ policy: Policy; revision: bigint }> {
  const parts = await arrayOf(policies.exportPolicy({}));
  if (!parts.at(-1)?.isComplete) throw new Error('It is not whole.');
  return {
    policy: {
      permissions: parts.flatMap(({ policy }) => policy?.permissions ?? []),
      roles: parts.flatMap(({ policy }) => policy?.roles ?? []),
      exclusions: parts.flatMap(({ policy }) => policy?.exclusions ?? []),
    },
    revision: parts[0]?.revision ?? 0n,
  };
}

const SIGN = { 0: '?', 1: '+', 2: '~', 3: '-', 4: '.', [-1]: '?' } satisfies Record<PolicyChangeKind, string>;
const ITEM = { 0: '?', 1: 'permission', 2: 'role', 3: 'exclusion', [-1]: '?' } satisfies Record<PolicyItemKind, string>;

/** A difference, a line each: `+ role x`, `~ role x: parent a>b, permissions +c -d`. What is unlisted is left out. */
export function lines(changes: readonly PolicyChange[], withUnlisted = false): string[] {
  return changes
    .filter(({ kind }) => withUnlisted || kind !== PolicyChangeKind.POLICY_CHANGE_KIND_UNLISTED)
    .map(({ kind, item, name, excludedRole, fields }) => {
      const words = fields.map(({ field, from, to, added, removed }) =>
        added.length + removed.length === 0
          ? `${field} ${from}>${to}`
          : [field, ...added.map((each) => `+${each}`), ...removed.map((each) => `-${each}`)].join(' '),
      );
      const named = item === PolicyItemKind.POLICY_ITEM_KIND_EXCLUSION ? `${name} ${excludedRole}` : name;
      return `${SIGN[kind]} ${ITEM[item]} ${named}${words.length > 0 ? `: ${words.join(', ')}` : ''}`;
    });
}

/** Empties the model. */
export async function clear(fixture: Fixture): Promise<void> {
  await fixture.rows('delete from authz.role_grants');
  await fixture.rows('update authz.roles set is_system_role = false where is_system_role');
  await apply(fixture.policies, {}, { prune: true });
}
