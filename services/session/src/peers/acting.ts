import { Failure } from '@gatehouse/failure';
import { type Acting, type Call, matchesPeer, peers, permissionMissing } from '@gatehouse/rpc';

/** What is administered, and what somebody needs who is not its owner. */
export interface Administered {
  /** The user whose it is; undefined where there is none, which only those may learn who hold the permission. */
  readonly ownerId: string | undefined;
  readonly permission: string;
}

/** Peers that act in their own name. */
const OUTRIGHT = [peers.anyOperator, peers.identity];

/**
 * Decides who may see or end sessions of a user: operators and identity outright; anybody else for an end user, by the
 * session token in `authorization` metadata, who is the owner or holds the permission. Returns the end user in whose name
 * it is done, which is also said of what a peer could do outright. Throws Failure `unauthenticated` ACTING_USER_REQUIRED, or
 * as a refused session token does, and `denied` PERMISSION_MISSING.
 */
export async function mayAdminister(
  acting: Acting,
  call: Call,
  { ownerId, permission }: Administered,
): Promise<string | undefined> {
  const outright = matchesPeer(call.peer.name, OUTRIGHT);
  const { sessionToken } = call;
  if (sessionToken === undefined) {
    if (outright) return undefined;
    throw new Failure('unauthenticated', 'ACTING_USER_REQUIRED', 'Pass the session token of the user who does this.');
  }
  const actor = await acting.authenticate(sessionToken, call);
  const may = outright || ownerId === actor.userId || (await acting.permits(actor, permission, call));
  if (!may) throw permissionMissing(permission);
  return actor.userId;
}
