import { type Grant, storedCondition } from '@gatehouse/client/policy';

/** Grants of one user, as parallel arrays. */
export interface GrantColumns {
  /** null: there are none. */
  role_ids: string[] | null;
  scopes: string[];
  /** Unix time in milliseconds; null: none. */
  valid_from_ms: (number | null)[];
  valid_until_ms: (number | null)[];
  conditions: string[];
}

/** What to select of `g`, grants that are grouped by their user. */
export const GRANT_COLUMNS = `array_agg(g.role_id) as role_ids, array_agg(g.scope) as scopes,
     array_agg(g.condition) as conditions,
     array_agg(floor(extract(epoch from g.valid_from) * 1000)::float8) as valid_from_ms,
     array_agg(floor(extract(epoch from g.valid_until) * 1000)::float8) as valid_until_ms`;

export function toGrants(row: GrantColumns): Grant[] {
  return (row.role_ids ?? []).map((roleId, index) => ({
    roleId,
    scope: row.scopes[index] ?? '',
    validFromMs: row.valid_from_ms[index] ?? Number.NEGATIVE_INFINITY,
    validUntilMs: row.valid_until_ms[index] ?? Number.POSITIVE_INFINITY,
    condition: storedCondition(row.conditions[index] ?? ''),
  }));
}
