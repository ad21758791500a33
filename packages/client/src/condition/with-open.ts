import type { Condition } from './condition.ts';
import type { OpenFact } from './reach.ts';

/** The condition where the fact is open: undetermined if it may look at it. */
export function withOpen(condition: Condition | undefined, fact: OpenFact): Condition | undefined {
  if (!condition?.openFacts.has(fact)) return condition;
  const why = `It depends on the ${fact} that is asked about.`;
  return { ...condition, evaluate: () => ({ outcome: 'undetermined', why }) };
}
