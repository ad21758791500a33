import type { Condition } from './condition.ts';

/** What a question may leave open: which permission is meant, or which resource. */
export type OpenFact = 'permission' | 'resource';

/** Fields of `request` that have nothing to do with either. */
const OTHER_FIELDS = ['ip', 'time', 'authentication_level', 'user_id'];
const BOUND: Readonly<Record<OpenFact, RegExp>> = {
  permission: new RegExp(`^\\s*\\.\\s*(${[...OTHER_FIELDS, 'resource'].join('|')})\\b`),
  resource: new RegExp(`^\\s*\\.\\s*(${[...OTHER_FIELDS, 'permission'].join('|')})\\b`),
};

/**
 * Whether the condition may come out differently for another permission or resource. Goes by its text, so that `request`
 * passed on whole, or read under a name that is put together, counts as well: it may say yes for a condition that does
 * not care, and never no for one that does.
 */
export function mayLookAt({ source }: Condition, fact: OpenFact): boolean {
  if (fact === 'resource' && /(?<!\.\s*)\bresource\b/.test(source)) return true;
  return source
    .split(/\brequest\b/)
    .slice(1)
    .some((rest) => !BOUND[fact].test(rest));
}

/** The condition where the fact is open: undetermined if it may look at it. */
export function withOpen(condition: Condition | undefined, fact: OpenFact): Condition | undefined {
  if (!condition || !mayLookAt(condition, fact)) return condition;
  const why = `It depends on the ${fact} that is asked about.`;
  return { ...condition, evaluate: () => ({ outcome: 'undetermined', why }) };
}
