import type { ApproveGrantRequest, ApproveGrantResponse } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { approve } from '../domain/grant-update.ts';
import { changeGrants } from '../store/grants-change.ts';
import { findGrant, storeGrant } from '../store/stored-grants.ts';
import { toGrantMessage } from '../wire/grant.ts';

/** Approves a grant; its audit event commits with it or not at all. */
export function approveGrant({
  clock,
  events,
  changes,
}: Pick<Deps, 'clock' | 'events' | 'changes'>): Handler<ApproveGrantRequest, ApproveGrantResponse> {
  return async (request, call) => {
    const by = { userId: call.actor?.userId, at: clock.now() };
    return changeGrants(changes, call, request, async (tx) => {
      // Exclusions count a pending grant like any other, so that what could be granted can be approved.
      const approved = approve((await findGrant(tx, request.userId, request.grantId)).grant, by);
      await storeGrant(tx, approved);
      await events.grantApproved(tx, call, approved, request.reason);
      return { grant: toGrantMessage(approved) };
    });
  };
}
