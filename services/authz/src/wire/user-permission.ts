import type { PresentStanding, UserPermission, Verdict } from '@gatehouse/client/policy';
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

/** A permission of a user, and how it stands, as callers see it. */
export function toUserPermission(
  { grant, through, held }: UserPermission,
  { counts: { outcome, why }, verdict }: PresentStanding,
): UserPermissionMessage {
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
    decision: toDecision(verdict),
  };
}

function toDecision(verdict: Verdict | undefined): Decision {
  if (!verdict) return Decision.DECISION_UNSPECIFIED;
  return verdict.isAllowed ? Decision.DECISION_ALLOWED : Decision.DECISION_DENIED;
}

function toDate(ms: number): Date | undefined {
  return Number.isFinite(ms) ? new Date(ms) : undefined;
}
