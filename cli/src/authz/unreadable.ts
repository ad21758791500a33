import type { ConditionProblem } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';

/** What to say of a condition that the service has stored and can't read. */
export function unreadable(whose: string, problem: ConditionProblem | undefined): string {
  const { line = 1, column = 1, message = '' } = problem ?? {};
  return `${whose}: the service can't read the condition (line ${line}, column ${column}): ${message}`;
}
