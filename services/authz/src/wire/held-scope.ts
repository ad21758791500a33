import type { HeldScope } from '@gatehouse/client/policy';
import { Decision, type HeldScope as HeldScopeMessage } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';

const DECISION = {
  allowed: Decision.DECISION_ALLOWED,
  denied: Decision.DECISION_DENIED,
  undetermined: Decision.DECISION_UNSPECIFIED,
} as const satisfies Record<HeldScope['holds'], Decision>;

/** Where a permission is held, as callers see it. */
export function toHeldScope({ scope, holds, why }: HeldScope): HeldScopeMessage {
  return { everywhere: scope === '', scope, decision: DECISION[holds], undetermined: why };
}
