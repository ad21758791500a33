import type { Condition, Outcome } from '../condition/condition.ts';
import type { Grant } from './grant.ts';
import type { Effect } from './model.ts';

/** Whether a grant counts apart from its times: one that waits for approval or was suspended gives nothing. */
export type GrantStatus = 'active' | 'pending' | 'suspended';

/** A grant and what names it. */
export interface NamedGrant extends Grant {
  readonly id: string;
  /** Active when it is not given. */
  readonly status?: GrantStatus;
}

/** How a grant stands at the time of the question. */
export type Standing = 'in_force' | 'suspended' | 'pending' | 'not_yet_valid' | 'expired';

/** A condition, what came of it, and what it looked at. */
export interface ConditionEvidence {
  readonly of: 'grant' | 'permission' | 'denial';
  readonly source: string;
  readonly outcome: Outcome;
  /** Set when it is undetermined. */
  readonly why: string;
  readonly facts: ReturnType<Condition['facts']>;
}

/** One way from a grant to a permission. */
export interface Evidence {
  readonly grant: NamedGrant;
  readonly standing: Standing;
  /** Whether the scope of the grant covers the resource. */
  readonly isInScope: boolean;
  /** Ids of roles, from the one that was granted to the one that holds the permission. */
  readonly path: readonly string[];
  /** The permission as the last role of the path holds it, perhaps with wildcards. */
  readonly heldName: string;
  readonly effect: Effect;
  /** That of the grant, then that of the permission or of the denial, where there are any. */
  readonly conditions: readonly ConditionEvidence[];
}

/**
 * Why a question was answered as it was. `denied` is by a rule that denies, or that could not be ruled out where something
 * allows or could. The kinds after it are the nearest miss: of all that could have allowed it, what lacked least; `not_held`
 * when no role of any grant holds the permission. `undetermined` is as in Verdict.
 */
export type Explanation = { readonly undetermined: string } & (
  | { readonly kind: 'allowed'; readonly isAllowed: true; readonly evidence: Evidence }
  | {
      readonly kind: 'denied' | 'condition' | 'not_in_force' | 'out_of_scope';
      readonly isAllowed: false;
      readonly evidence: Evidence;
    }
  | { readonly kind: 'not_held'; readonly isAllowed: false; readonly evidence: undefined }
);
