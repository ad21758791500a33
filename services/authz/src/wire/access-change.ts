import type { AccessChange } from '@gatehouse/client/policy';
import {
  AccessChangeKind,
  type AccessChange as AccessChangeMessage,
  type GrantChange as GrantChangeMessage,
  Holding,
  type PortableGrant,
} from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { GrantChange } from '../domain/grant-change.ts';
import { toScope } from './names.ts';
import { toWanted } from './portable-grant.ts';

const KIND = {
  gains: AccessChangeKind.ACCESS_CHANGE_KIND_GAINS,
  loses: AccessChangeKind.ACCESS_CHANGE_KIND_LOSES,
  alters: AccessChangeKind.ACCESS_CHANGE_KIND_ALTERS,
} as const satisfies Record<AccessChange['kind'], AccessChangeKind>;

const HOLDING = {
  none: Holding.HOLDING_NONE,
  limited: Holding.HOLDING_LIMITED,
  full: Holding.HOLDING_FULL,
} as const satisfies Record<AccessChange['before'], Holding>;

/** What a user gains or loses, as callers see it. */
export function toAccessChangeMessage(userId: string, change: AccessChange): AccessChangeMessage {
  const { permission, scope, kind, before, after, through, isDenial } = change;
  return {
    userId,
    kind: KIND[kind],
    permission,
    scope,
    before: HOLDING[before],
    after: HOLDING[after],
    roles: through.map(({ name }) => name),
    isDenial,
  };
}

/** Stored roles by id and by name. */
export interface RoleIndex {
  readonly ids: ReadonlyMap<string, string>;
  readonly names: ReadonlyMap<string, string>;
}

/** What is to be tried with a grant; `index` is its place among all that are. Throws Failure `invalid` FIELD_INVALID. */
export function toGrantChange({ change }: GrantChangeMessage, index: number, { ids, names }: RoleIndex): GrantChange {
  if (!change) throw new Error('The limits let a change of nothing pass.');
  const place = `grant_changes[${index}]`;
  const nameOf = (role: PortableGrant['role']) =>
    role?.$case === 'roleId' ? (names.get(role.value) ?? '') : (role?.value ?? '');
  const { role } = change.value;
  if (change.$case === 'grant') {
    return { does: 'grant', place, role: nameOf(role), grant: toWanted(change.value, index, ids) };
  }
  const { userId } = change.value;
  const scope = toScope(change.value.scope, `${place}.scope`);
  const roleId = role?.$case === 'roleName' ? ids.get(role.value) : role?.value;
  return { does: 'revoke', place, role: nameOf(role), grant: { userId, roleId, scope } };
}
