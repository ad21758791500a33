import { problemOf, storedCondition } from '@gatehouse/client/policy';
import {
  type Policy,
  PolicyChangeKind,
  type PolicyChange as PolicyChangeMessage,
  type PolicyConditionProblem,
  PolicyItemKind,
} from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { PolicyChange } from '../domain/policy-change.ts';
import type { DocumentExclusion, DocumentPermission, DocumentRole, PolicyDocument } from '../domain/policy-document.ts';
import { assertHeldName } from './names.ts';

const KIND = {
  created: PolicyChangeKind.POLICY_CHANGE_KIND_CREATED,
  changed: PolicyChangeKind.POLICY_CHANGE_KIND_CHANGED,
  deleted: PolicyChangeKind.POLICY_CHANGE_KIND_DELETED,
  unlisted: PolicyChangeKind.POLICY_CHANGE_KIND_UNLISTED,
} as const satisfies Record<PolicyChange['kind'], PolicyChangeKind>;

const ITEM = {
  permission: PolicyItemKind.POLICY_ITEM_KIND_PERMISSION,
  role: PolicyItemKind.POLICY_ITEM_KIND_ROLE,
  exclusion: PolicyItemKind.POLICY_ITEM_KIND_EXCLUSION,
} as const satisfies Record<PolicyChange['item'], PolicyItemKind>;

const NOTHING: PolicyDocument = { permissions: [], roles: [], exclusions: [] };

/** A part of a document; none is an empty one. Throws Failure `invalid` FIELD_INVALID. */
export function toDocumentPart(policy: Policy | undefined): PolicyDocument {
  for (const [at, { name }] of policy?.permissions.entries() ?? [])
    assertHeldName(name, `policy.permissions[${at}].name`);
  return policy ?? NOTHING;
}

/** One thing of a document. */
export type PolicyItem =
  | { readonly of: 'permissions'; readonly item: DocumentPermission }
  | { readonly of: 'roles'; readonly item: DocumentRole }
  | { readonly of: 'exclusions'; readonly item: DocumentExclusion };

/** Everything in a document, in its order. */
export function* itemsOf({ permissions, roles, exclusions }: PolicyDocument): Generator<PolicyItem> {
  for (const item of permissions) yield { of: 'permissions', item };
  for (const item of roles) yield { of: 'roles', item };
  for (const item of exclusions) yield { of: 'exclusions', item };
}

/** A part of a document as callers see it. */
export function toPolicyMessage(items: readonly PolicyItem[]): Policy {
  const policy: Policy = { permissions: [], roles: [], exclusions: [] };
  for (const each of items) {
    switch (each.of) {
      case 'permissions':
        policy.permissions.push(each.item);
        break;
      case 'roles':
        policy.roles.push({
          ...each.item,
          permissions: [...each.item.permissions],
          deniedPermissions: [...each.item.deniedPermissions],
          denialConditions: [...each.item.denialConditions],
        });
        break;
      case 'exclusions':
        policy.exclusions.push(each.item);
        break;
    }
  }
  return policy;
}

/** Its conditions that this version can't read. */
export function problemsOf({ permissions, roles }: Policy): PolicyConditionProblem[] {
  const own = permissions.map(({ name, condition }) => ({ permission: name, role: '', condition }));
  const ofDenials = roles.flatMap(({ name: role, denialConditions }) =>
    denialConditions.map(({ permission, condition }) => ({ permission, role, condition })),
  );
  return [...own, ...ofDenials].flatMap(({ permission, role, condition }) => {
    const problem = problemOf(storedCondition(condition));
    return problem ? [{ permission, role, problem }] : [];
  });
}

/** One thing of a difference as callers see it. */
export function toChangeMessage({ kind, item, name, excludedRole, fields }: PolicyChange): PolicyChangeMessage {
  return {
    kind: KIND[kind],
    item: ITEM[item],
    name,
    excludedRole,
    fields: fields.map((field) => ({ ...field, added: [...field.added], removed: [...field.removed] })),
  };
}
