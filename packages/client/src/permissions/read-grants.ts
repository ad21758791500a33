import { WatchServiceService as rpcs, type UserGrants } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import type { Channel } from '../channel/open-channel.ts';
import { GatehouseError } from '../gatehouse-error.ts';
import type { Batch, Finding } from '../lookups/lookups.ts';
import { problemOf, storedCondition } from '../policy/index.ts';
import type { GrantsMemory, KnownUser } from './grants-memory.ts';

/** Most users in one question (GetUserGrantsRequest). */
export const BATCH_USERS_MAX = 100;

/** Reads the grants of users, and keeps them if what changes is being heard. */
export async function readGrants(
  channel: Channel,
  memory: GrantsMemory,
  { subjects: userIds, timeoutMs, signal }: Batch<string>,
  isHearing: boolean,
): Promise<readonly Finding<KnownUser>[]> {
  const reading = memory.begin();
  try {
    const request = { userIds: [...userIds] };
    const { users, modelRevision } = await channel.call(rpcs.getUserGrants, request, { timeoutMs, signal });
    const found = new Map(users.map((user) => [user.userId, toKnownUser(user, modelRevision)]));
    if (isHearing) for (const user of found.values()) memory.keep(reading, user);
    return userIds.map((userId) => found.get(userId) ?? leftOut());
  } finally {
    memory.end(reading);
  }
}

function toKnownUser({ userId, revision, grants }: UserGrants, modelRevision: bigint): KnownUser {
  const read = grants.map(({ roleId, scope, validFrom, validUntil, condition }) => ({
    roleId,
    scope,
    validFromMs: validFrom?.getTime() ?? Number.NEGATIVE_INFINITY,
    validUntilMs: validUntil?.getTime() ?? Number.POSITIVE_INFINITY,
    condition: storedCondition(condition),
  }));
  return {
    userId,
    revision,
    modelRevision,
    grants: read,
    isReadable: read.every((each) => problemOf(each.condition) === undefined),
  };
}

/** So many grants that not all fit in one answer; the service decides then. */
function leftOut(): GatehouseError {
  return new GatehouseError('UNAVAILABLE', 'GRANTS_LEFT_OUT', 'The grants of the user did not fit in the answer.');
}
