import { randomUUID } from 'node:crypto';
import type { RoleGrant } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { GrantPeriod, ListGrantsRequest, UpdateGrantRequest } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import { ALWAYS, type Fixture } from './fixture.ts';

/** A change of a grant that changes nothing, for tests that say what it is to change. */
export const NO_CHANGE = {
  period: undefined,
  statusChange: 0,
} as const satisfies Partial<UpdateGrantRequest>;

/** Without a beginning or an end. */
export const NO_TIMES = { validFrom: undefined, validUntil: undefined } as const satisfies GrantPeriod;

/** A listing from its first page, without what has ended. */
export const FIRST_PAGE = {
  includeEnded: false,
  pageSize: 0,
  pageToken: '',
} as const satisfies Partial<ListGrantsRequest>;

/** What a stored grant can be made of. */
interface MadeGrant {
  readonly userId?: string;
  readonly roleId?: string;
  readonly permissions?: string[];
  readonly scope?: string;
  readonly requiresApproval?: boolean;
}

/** Gives a role to a user, both new unless they are given. */
export async function makeGrant(
  fixture: Fixture,
  { userId = randomUUID(), roleId, permissions = [], ...more }: MadeGrant = {},
): Promise<RoleGrant> {
  const request = { userId, roleId: roleId ?? (await fixture.role({ permissions })), reason: '', ...ALWAYS, ...more };
  const { grant } = await fixture.operator.grantRole(request);
  if (!grant) throw new Error('There is no grant in the answer.');
  return grant;
}

/** Has a grant end in the past, as time alone would. */
export async function endGrant(fixture: Fixture, { userId, grantId }: RoleGrant): Promise<void> {
  await fixture.rows(
    `update authz.role_grants set valid_from = null, valid_until = now() - interval '1 hour'
     where user_id = $1 and id = $2`,
    [userId, grantId],
  );
}

/** What a mutation that is based on an old revision is refused with. */
export function mismatch(mustMatch: bigint, revision: bigint): object {
  return {
    kind: 'conflict',
    reason: 'REVISION_MISMATCH',
    metadata: { must_match_revision: String(mustMatch), revision: String(revision) },
  };
}
