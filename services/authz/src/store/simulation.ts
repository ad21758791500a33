import { type AccessChange, accessChanges, type Grant, type Model } from '@gatehouse/client/policy';
import { grantKey } from '../domain/grant-import.ts';
import type { AffectedUser } from './affected-users.ts';
import type { ChangesOfUser } from './grant-changes.ts';

/** Two models, whose roles have their names for ids, and what changes of grants between them. */
export interface Simulation {
  readonly before: Model;
  readonly after: Model;
  /** Names of the stored roles by their ids. */
  readonly names: ReadonlyMap<string, string>;
  readonly changes: ReadonlyMap<string, ChangesOfUser>;
}

/** What a user gains and loses, in steps that are short. */
export function changesOf(
  { before, after, names, changes }: Simulation,
  { userId, grants }: AffectedUser,
  nowMs: number,
): Generator<readonly AccessChange[]> {
  const had = grants.map((grant): Grant => ({ ...grant, roleId: names.get(grant.roleId) ?? '' }));
  const { made = [], revoked = new Set() } = changes.get(userId) ?? {};
  const stays = had.filter(({ roleId, scope }) => !revoked.has(grantKey(userId, roleId, scope)));
  return accessChanges({ model: before, grants: had }, { model: after, grants: [...stays, ...made] }, nowMs);
}
