import type { Condition } from '../condition/condition.ts';

/** A way from a grant to a rule on which not everything is known: it leads there if its undetermined conditions were true. */
export interface OpenWay {
  /** The condition of the grant, if it is undetermined. */
  readonly ofGrant: Condition | undefined;
  /** That of the rule, if it is. */
  readonly ofRule: Condition | undefined;
}

/**
 * Whether the answer could be that it is allowed, if what is not known were known: whether some way that allows can be open
 * to its end while none that denies is. A condition has one outcome wherever it stands, so that nothing is in doubt of a
 * grant under a condition whose role both allows and denies.
 */
export function couldAllow(allows: readonly OpenWay[], denies: readonly OpenWay[]): boolean {
  if (denies.length === 0) return allows.length > 0;
  const denied = new Set(denies.map(({ ofGrant, ofRule }) => keyOf(ofGrant ?? ofRule, ofRule ?? ofGrant)));
  // Whatever is not needed to allow may be false. A way that denies is then open if it needs nothing else.
  return allows.some(({ ofGrant, ofRule }) => {
    const [one, other] = [ofGrant ?? ofRule, ofRule ?? ofGrant];
    return !denied.has(keyOf(one, one)) && !denied.has(keyOf(other, other)) && !denied.has(keyOf(one, other));
  });
}

/** Of one or two conditions, in whatever order they come. */
function keyOf(one: Condition | undefined, other: Condition | undefined): string {
  return JSON.stringify([one?.source, other?.source].sort());
}
