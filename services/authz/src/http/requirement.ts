import { fieldsInvalid } from '@gatehouse/rpc';
import type { Requirement } from '../domain/consistency.ts';

const HEADER = 'gatehouse-consistency';
const AT_LEAST = 'at_least_as_fresh=';

/**
 * How fresh the answer to a request must be, by its header Gatehouse-Consistency: `minimize_latency`, which is also meant
 * where there is none, `fully_consistent`, or `at_least_as_fresh=` and a consistency token. Throws Failure `invalid`
 * FIELD_INVALID.
 */
export function requirementOf({ [HEADER]: text }: Readonly<Record<string, string>>): Requirement {
  if (text === undefined || text === 'minimize_latency') return 'minimize_latency';
  if (text === 'fully_consistent') return text;
  if (text.startsWith(AT_LEAST)) return { atLeastAsFresh: text.slice(AT_LEAST.length) };
  const description = `must be "minimize_latency", "fully_consistent", or "${AT_LEAST}" and a consistency token`;
  throw fieldsInvalid([{ field: 'Gatehouse-Consistency', description }]);
}
