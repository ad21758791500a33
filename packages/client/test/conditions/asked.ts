import { type ConditionInput, compileCondition } from '../../src/policy/index.ts';

/** 2026-03-29T01:30:00Z: half an hour after the clocks went forward in Berlin. */
export const NOW_MS: number = Date.UTC(2026, 2, 29, 1, 30);

/** What a condition is asked with where a test says nothing else. */
export function input(given: Partial<ConditionInput> = {}): ConditionInput {
  return {
    ip: '10.1.2.3',
    nowMs: NOW_MS,
    authenticationLevel: 2,
    userId: 'ada',
    permission: 'invoices:approve',
    resource: 'tenant/7',
    resourceAttributes: {},
    attributes: {},
    ...given,
  };
}

/** What a condition gives with these in `context`. Throws ConditionError where it is refused. */
export function outcomeOf(source: string, attributes: Readonly<Record<string, unknown>> = {}): string {
  return compileCondition(source).evaluate(input({ attributes })).outcome;
}
