import type { ConditionEvidence, Evidence, Explanation, Model } from '@gatehouse/client/policy';
import {
  type CheckEvidence,
  type ConditionEvidence as ConditionMessage,
  ExplanationKind,
  GrantStanding,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';

/** What an answer comes down to. */
export const KIND = {
  allowed: ExplanationKind.EXPLANATION_KIND_ALLOWED,
  denied: ExplanationKind.EXPLANATION_KIND_DENIED,
  condition: ExplanationKind.EXPLANATION_KIND_CONDITION,
  not_in_force: ExplanationKind.EXPLANATION_KIND_NOT_IN_FORCE,
  out_of_scope: ExplanationKind.EXPLANATION_KIND_OUT_OF_SCOPE,
  not_held: ExplanationKind.EXPLANATION_KIND_NOT_HELD,
} as const satisfies Record<Explanation['kind'], ExplanationKind>;

const STANDING = {
  in_force: GrantStanding.GRANT_STANDING_IN_FORCE,
  suspended: GrantStanding.GRANT_STANDING_SUSPENDED,
  pending: GrantStanding.GRANT_STANDING_PENDING,
  not_yet_valid: GrantStanding.GRANT_STANDING_NOT_YET_VALID,
  expired: GrantStanding.GRANT_STANDING_EXPIRED,
} as const satisfies Record<Evidence['standing'], GrantStanding>;

/** One way from a grant to a permission, as callers see it. */
export function toEvidenceMessage(evidence: Evidence, model: Model): CheckEvidence {
  const { grant, standing, isInScope, path, heldName, effect, conditions } = evidence;
  return {
    grantId: grant.id,
    standing: STANDING[standing],
    scope: grant.scope,
    isInScope,
    path: path.map((roleId) => ({ roleId, name: roleName(model, roleId) })),
    heldPermission: heldName,
    isDenied: effect === 'deny',
    conditions: conditions.map(toConditionMessage),
  };
}

/** The name of a role; its id where the model does not know it. */
export function roleName(model: Model, roleId: string): string {
  return model.roles.get(roleId)?.name ?? roleId;
}

function toConditionMessage({ of, source, outcome, why, facts }: ConditionEvidence): ConditionMessage {
  return {
    condition: source,
    isOfGrant: of === 'grant',
    holds: outcome === 'true',
    undetermined: why,
    facts: facts.map(({ name, value }) => ({ name, value })),
  };
}
