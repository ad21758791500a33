import { countsNow, decide, isPattern, type Model, type Question, type UserPermission } from '@gatehouse/client/policy';
import {
  Decision,
  Effect,
  Standing,
  type UserPermission as UserPermissionMessage,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';

const EFFECT = { allow: Effect.EFFECT_ALLOW, deny: Effect.EFFECT_DENY } as const;
const STANDING = {
  true: Standing.STANDING_COUNTS,
  false: Standing.STANDING_COUNTS_NOT,
  undetermined: Standing.STANDING_UNDETERMINED,
} as const;

/** A permission of a user as callers see it; `grants` are all that the user has. */
export function toUserPermission(
  permission: UserPermission,
  model: Model,
  grants: Parameters<typeof decide>[1],
  question: Omit<Question, 'permission'>,
): UserPermissionMessage {
  const { grant, through, held } = permission;
  const { outcome, why } = countsNow(permission, question);
  return {
    name: held.name,
    effect: EFFECT[held.effect],
    roles: through.map(({ id: roleId, name }) => ({ roleId, name })),
    scope: grant.scope,
    validFrom: toDate(grant.validFromMs),
    validUntil: toDate(grant.validUntilMs),
    grantCondition: grant.condition?.source ?? '',
    permissionCondition: held.condition?.source ?? '',
    standing: STANDING[outcome],
    undetermined: why,
    decision: isPattern(held.name)
      ? Decision.DECISION_UNSPECIFIED
      : decide(model, grants, { ...question, permission: held.name }).isAllowed
        ? Decision.DECISION_ALLOWED
        : Decision.DECISION_DENIED,
  };
}

function toDate(ms: number): Date | undefined {
  return Number.isFinite(ms) ? new Date(ms) : undefined;
}
