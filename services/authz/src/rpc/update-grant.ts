import type { Transaction } from '@gatehouse/postgres';
import type { UpdateGrantRequest, UpdateGrantResponse } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { assertGrantable, assertPeriod, rolesExcluded, type StoredGrant } from '../domain/grant.ts';
import { update } from '../domain/grant-update.ts';
import { assertCondition } from '../store/conditions.ts';
import { findBreach } from '../store/exclusions.ts';
import { changeGrants } from '../store/grants-change.ts';
import { findStanding } from '../store/role-grants.ts';
import { findGrant, storeGrant } from '../store/stored-grants.ts';
import { toGrantMessage, toGrantUpdate } from '../wire/grant.ts';

/** Changes a grant; its audit event commits with it or not at all. */
export function updateGrant({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): Handler<UpdateGrantRequest, UpdateGrantResponse> {
  return async (request, call) => {
    const wanted = toGrantUpdate(request);
    assertCondition('condition', wanted.condition ?? '');
    const by = { userId: call.actor?.userId, at: clock.now() };
    return changeGrants(changes, call, request, async (tx) => {
      const { grant, hasEnded, nowMs } = await findGrant(tx, request.userId, request.grantId);
      const updated = update(grant, wanted, by);
      if (wanted.period) assertPeriod(updated, nowMs);
      if (wanted.period && hasEnded) await assertRevivable(tx, updated);
      await storeGrant(tx, updated);
      await events.grantUpdated(tx, call, updated, grant);
      return { grant: toGrantMessage(updated) };
    });
  };
}

/** A grant that has ended stands in nobody's way; one that is to hold again is judged like a new one. */
async function assertRevivable(tx: Transaction, { userId, roleId, scope }: StoredGrant): Promise<void> {
  const standing = await findStanding(tx, userId, roleId, scope);
  assertGrantable(standing);
  const breach = await findBreach(tx, [...standing.roleIds, roleId]);
  if (breach) throw rolesExcluded(breach.roleId, breach.excludedRoleId);
}
