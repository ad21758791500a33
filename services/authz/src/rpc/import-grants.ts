import type { Transaction } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import type { ImportGrantsRequest, ImportGrantsResponse } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { BidiHandler, Call } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import type { StoredGrant } from '../domain/grant.ts';
import { decideImport, grantKey, type ImportDecision, isSame, type WantedGrant } from '../domain/grant-import.ts';
import { grantsChanged } from '../store/changes.ts';
import { assertCondition } from '../store/conditions.ts';
import { lockRolesAround } from '../store/exclusions.ts';
import { findRoleIds, findRoleNames, findSame, findStandings, insertGrants } from '../store/grant-import.ts';
import { bumpRevisions } from '../store/revisions.ts';
import { namedRoles, toWanted } from '../wire/portable-grant.ts';

type Needed = Pick<Deps, 'db' | 'clock' | 'events' | 'changes'>;

/** Gives roles to users, a request at a time; the audit events of one commit with it or not at all. */
export function importGrants(deps: Needed): BidiHandler<ImportGrantsRequest, ImportGrantsResponse> {
  return async function* (requests, call) {
    for await (const { grants } of requests) {
      const ids = await findRoleIds(deps.db.within(call), namedRoles(grants));
      const wanted = grants.map((grant, index) => toWanted(grant, index, ids));
      const { made, unchanged, refused } = await take(deps, call, wanted);
      yield {
        granted: made.length,
        unchanged: unchanged.length,
        refused: refused.map(({ index, failure: { reason, message } }) => ({ index, reason, message })),
      };
    }
  };
}

/** What is there already costs no more than a look: nobody has to wait for it, and no cache to forget. */
async function take(deps: Needed, call: Call, wanted: readonly WantedGrant[]): Promise<ImportDecision> {
  const same = await findSame(deps.db.within(call), wanted);
  const isThere = (grant: WantedGrant) => {
    const before = same.get(grantKey(grant.userId, grant.roleId ?? '', grant.scope));
    return before !== undefined && isSame(before, grant);
  };
  const unchanged = wanted.filter(isThere);
  if (unchanged.length === wanted.length) return { made: [], unchanged, refused: [] };
  const others = wanted.filter((grant) => !isThere(grant));
  const decision = await make(deps, call, others);
  return { ...decision, unchanged: [...unchanged, ...decision.unchanged] };
}

async function make(
  { clock, events, changes }: Needed,
  call: Call,
  wanted: readonly WantedGrant[],
): Promise<ImportDecision> {
  // What is made is found by whoever sends the batch again, so that it needs no key.
  return changes.run(call, async (tx) => {
    const revisions = await bumpRevisions(tx, [...new Set(wanted.map(({ userId }) => userId))]);
    const made = await decide(tx, wanted);
    const by = { grantedAt: clock.now(), grantedBy: call.actor?.userId };
    const stored = made.made.map(
      ({ index: _, ...grant }): StoredGrant => ({ id: uuidv7(), ...grant, ...by, ...NOBODY }),
    );
    await insertGrants(tx, stored);
    const names = await findRoleNames(tx, [...new Set(stored.map(({ roleId }) => roleId))]);
    await events.together(tx, call, async () => {
      for (const grant of stored) await events.roleGranted(tx, call, grant, names.get(grant.roleId) ?? '');
    });
    return { reply: made, changed: revisions.map(({ userId, revision }) => grantsChanged(userId, revision)) };
  });
}

async function decide(tx: Transaction, wanted: readonly WantedGrant[]): Promise<ImportDecision> {
  const standings = await findStandings(tx, wanted);
  const roleIds = new Set([...standings.roleIds.values()].flat());
  for (const { roleId } of wanted) if (roleId !== undefined) roleIds.add(roleId);
  const roles = await lockRolesAround(tx, [...roleIds]);
  return decideImport(wanted, standings, roles, (source) => assertCondition('condition', source));
}

const NOBODY = { approvedBy: undefined, approvedAt: undefined, updatedBy: undefined, updatedAt: undefined };
