import type { Condition } from '../condition/condition.ts';

/** A role given to somebody, as a check needs it. */
export interface Grant {
  readonly roleId: string;
  /** Where it holds; see scope.ts. */
  readonly scope: string;
  /** From when it holds. Unix time in milliseconds; -Infinity: always. */
  readonly validFromMs: number;
  /** Until when, exclusively. Unix time in milliseconds; Infinity: for ever. */
  readonly validUntilMs: number;
  /** undefined: always. */
  readonly condition: Condition | undefined;
}

/** A grant that holds everywhere, always and without a condition. */
export function plainGrant(roleId: string): Grant {
  return {
    roleId,
    scope: '',
    validFromMs: Number.NEGATIVE_INFINITY,
    validUntilMs: Number.POSITIVE_INFINITY,
    condition: undefined,
  };
}

/** Whether the grant holds at the time. */
export function isInForce({ validFromMs, validUntilMs }: Grant, nowMs: number): boolean {
  return validFromMs <= nowMs && nowMs < validUntilMs;
}
