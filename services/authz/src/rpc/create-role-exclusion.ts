import type { Transaction } from '@gatehouse/postgres';
import type {
  CreateRoleExclusionRequest,
  CreateRoleExclusionResponse,
} from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { assertUnbreached, exclusionImpossible, pairOf, type RolePair } from '../domain/exclusion.ts';
import { roleNotFound } from '../domain/grant.ts';
import { isAncestor } from '../store/hierarchy.ts';
import { lockSubtrees } from '../store/lock-roles.ts';
import { changeModel } from '../store/model-change.ts';
import { countHoldersOfBoth, insertExclusion } from '../store/role-exclusions.ts';
import { toExclusionMessage } from '../wire/exclusion.ts';

/** Makes two roles exclude each other; its audit event commits with it or not at all. */
export function createRoleExclusion({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): Handler<CreateRoleExclusionRequest, CreateRoleExclusionResponse> {
  return async (request, call) => {
    const pair = pairOf(request.roleId, request.excludedRoleId);
    const exclusion = { ...pair, reason: request.reason, createdAt: clock.now(), createdBy: call.actor?.userId };
    return changeModel(changes, call, request, async (tx) => {
      await assertPossible(tx, pair);
      await insertExclusion(tx, exclusion);
      assertUnbreached(await countHoldersOfBoth(tx, pair));
      await events.roleExclusionCreated(tx, call, exclusion);
      return { exclusion: toExclusionMessage(exclusion) };
    });
  };
}

/** Both roles exist and may exclude each other; they are locked, so that grants of them are seen, or wait. */
async function assertPossible(tx: Transaction, { roleId, excludedRoleId }: RolePair): Promise<void> {
  const locked = new Set((await lockSubtrees(tx, [roleId, excludedRoleId])).map(({ id }) => id));
  if (!locked.has(roleId) || !locked.has(excludedRoleId)) throw roleNotFound();
  const isOneLine = (await isAncestor(tx, roleId, excludedRoleId)) || (await isAncestor(tx, excludedRoleId, roleId));
  if (isOneLine) throw exclusionImpossible();
}
