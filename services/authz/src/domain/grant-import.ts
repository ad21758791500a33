import { type Failure, isFailure } from '@gatehouse/failure';
import { assertGrantable, assertPeriod, type GrantStatus, roleNotFound, rolesExcluded } from './grant.ts';

/** A grant to make. */
export interface WantedGrant {
  /** Its place among those that came together. */
  readonly index: number;
  readonly userId: string;
  /** undefined: there is no such role. */
  readonly roleId: string | undefined;
  readonly scope: string;
  readonly validFrom: Date | undefined;
  readonly validUntil: Date | undefined;
  readonly condition: string;
  readonly reason: string;
  readonly status: GrantStatus;
}

/** What tells whether two grants of a role in a scope are the same. */
export type GrantTerms = Pick<WantedGrant, 'validFrom' | 'validUntil' | 'condition'>;

/** A grant that was not made, and why. */
export interface RefusedGrant {
  readonly index: number;
  readonly failure: Failure;
}

/** What users have before grants are added; a user who is not in it has nothing. */
export interface Standings {
  /** How many grants, without those that have ended. */
  readonly grants: ReadonlyMap<string, number>;
  /** The roles of those. */
  readonly roleIds: ReadonlyMap<string, readonly string[]>;
  /** Those of the roles and scopes that are wanted, by `grantKey`. */
  readonly same: ReadonlyMap<string, GrantTerms>;
  readonly nowMs: number;
}

/** Roles and their parents, and which of them exclude each other. */
export interface RolesAround {
  /** null: the role has no parent. A role that is not in it does not exist. */
  readonly parents: ReadonlyMap<string, string | null>;
  readonly excluded: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface ImportDecision {
  readonly made: readonly (WantedGrant & { readonly roleId: string })[];
  readonly unchanged: readonly WantedGrant[];
  readonly refused: readonly RefusedGrant[];
}

/** What a user has once: a role in a scope. */
export function grantKey(userId: string, roleId: string, scope: string): string {
  return `${userId} ${roleId} ${scope}`;
}

/** Whether a grant is what another one is, apart from why it was given and whether it counts. */
export function isSame(one: GrantTerms, other: GrantTerms): boolean {
  return (
    one.validFrom?.getTime() === other.validFrom?.getTime() &&
    one.validUntil?.getTime() === other.validUntil?.getTime() &&
    one.condition === other.condition
  );
}

/** Decides one after the other, each as GrantRole would after those before it. */
export function decideImport(
  wanted: readonly WantedGrant[],
  standings: Standings,
  roles: RolesAround,
  assertCondition: (source: string) => void,
): ImportDecision {
  const made: (WantedGrant & { roleId: string })[] = [];
  const unchanged: WantedGrant[] = [];
  const refused: RefusedGrant[] = [];
  const same = new Map(standings.same);
  const counts = new Map(standings.grants);
  const held = new Map<string, Set<string>>();
  const heldBy = (userId: string): Set<string> => {
    const known =
      held.get(userId) ?? new Set((standings.roleIds.get(userId) ?? []).flatMap((id) => lineage(roles, id)));
    held.set(userId, known);
    return known;
  };
  for (const grant of wanted) {
    const { index, userId, roleId } = grant;
    try {
      if (roleId === undefined || !roles.parents.has(roleId)) throw roleNotFound();
      const before = same.get(grantKey(userId, roleId, grant.scope));
      if (before && isSame(before, grant)) {
        unchanged.push(grant);
        continue;
      }
      assertCondition(grant.condition);
      assertPeriod(grant, standings.nowMs);
      const grants = counts.get(userId) ?? 0;
      assertGrantable({ grants, roleIds: [], hasRole: before !== undefined });
      assertTogether(roles, heldBy(userId), roleId);
      made.push({ ...grant, roleId });
      same.set(grantKey(userId, roleId, grant.scope), grant);
      counts.set(userId, grants + 1);
      for (const id of lineage(roles, roleId)) heldBy(userId).add(id);
    } catch (error) {
      if (!isFailure(error)) throw error;
      refused.push({ index, failure: error });
    }
  }
  return { made, unchanged, refused };
}

function lineage({ parents }: RolesAround, roleId: string): string[] {
  const ids: string[] = [];
  for (let id: string | null = roleId; id !== null; id = parents.get(id) ?? null) ids.push(id);
  return ids;
}

function assertTogether(roles: RolesAround, held: ReadonlySet<string>, roleId: string): void {
  if (roles.excluded.size === 0) return;
  for (const id of lineage(roles, roleId)) {
    for (const excluded of roles.excluded.get(id) ?? []) {
      if (held.has(excluded)) throw id < excluded ? rolesExcluded(id, excluded) : rolesExcluded(excluded, id);
    }
  }
}
