import { type Grant, storedCondition } from '@gatehouse/client/policy';
import { isFailure } from '@gatehouse/failure';
import type { Queryable } from '@gatehouse/postgres';
import { assertPeriod } from '../domain/grant.ts';
import type { GrantChange } from '../domain/grant-change.ts';
import { type GrantTerms, grantKey } from '../domain/grant-import.ts';
import { policyProblems } from '../domain/policy-problems.ts';
import { conditionProblem } from './conditions.ts';
import { findNowMs } from './database-clock.ts';
import { findSame } from './grant-import.ts';

/** What changes of the grants of users: roles by name, as the models of a simulation have them. */
export interface ChangesOfUser {
  readonly made: readonly Grant[];
  /** By `grantKey` with the name of the role. */
  readonly revoked: ReadonlySet<string>;
}

/** Changes by user, one after the other. `roles` are those that there will be. Throws Failure `invalid` POLICY_INVALID. */
export async function changesByUser(
  db: Queryable,
  changes: readonly GrantChange[],
  roles: { has(name: string): boolean },
): Promise<ReadonlyMap<string, ChangesOfUser>> {
  if (changes.length === 0) return new Map();
  const problems = policyProblems();
  const there = await findSame(
    db,
    changes.map(({ grant }) => ({ ...NO_TERMS, ...grant })),
  );
  const nowMs = await findNowMs(db);
  const byUser = new Map<string, { made: Map<string, Grant>; revoked: Set<string> }>();
  const present = new Set(there.keys());
  for (const change of changes) {
    const { place, role, grant } = change;
    const ofUser = byUser.get(grant.userId) ?? { made: new Map(), revoked: new Set() };
    byUser.set(grant.userId, ofUser);
    // A role that is new has no id yet.
    const key = grantKey(grant.userId, grant.roleId ?? role, grant.scope);
    const named = grantKey(grant.userId, role, grant.scope);
    if (change.does === 'revoke') {
      if (!present.delete(key)) problems.add(place, 'GRANT_NOT_FOUND', 'the user does not have the role in the scope');
      if (!ofUser.made.delete(named)) ofUser.revoked.add(named);
      continue;
    }
    if (role === '' || !roles.has(role)) problems.add(place, 'ROLE_NOT_FOUND', 'there is no such role');
    if (present.has(key)) problems.add(place, 'GRANT_EXISTS', 'the user has the role in the scope already');
    present.add(key);
    const why = termsProblem(change.grant, nowMs);
    if (why) problems.add(place, ...why);
    if (change.grant.status === 'active') ofUser.made.set(named, toGrant(change.grant, role));
  }
  problems.throwIfAny();
  return new Map([...byUser].map(([userId, { made, revoked }]) => [userId, { made: [...made.values()], revoked }]));
}

const NO_TERMS = {
  index: 0,
  validFrom: undefined,
  validUntil: undefined,
  condition: '',
  reason: '',
  status: 'active',
} as const;

function termsProblem(grant: GrantTerms, nowMs: number): [reason: string, why: string] | undefined {
  const condition = grant.condition === '' ? undefined : conditionProblem(grant.condition);
  if (condition !== undefined) return ['CONDITION_INVALID', condition];
  try {
    assertPeriod(grant, nowMs);
    return undefined;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return [error.reason, error.message];
  }
}

function toGrant(
  { scope, validFrom, validUntil, condition }: GrantTerms & { readonly scope: string },
  role: string,
): Grant {
  return {
    roleId: role,
    scope,
    validFromMs: validFrom?.getTime() ?? Number.NEGATIVE_INFINITY,
    validUntilMs: validUntil?.getTime() ?? Number.POSITIVE_INFINITY,
    condition: storedCondition(condition),
  };
}
