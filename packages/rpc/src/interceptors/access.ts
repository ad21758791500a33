import { Failure } from '@gatehouse/failure';
import type { Actor, Call, ServedCall } from '../call.ts';
import type { Method } from '../method.ts';
import { matchesPeer, type Peer } from '../peer.ts';
import type { Interceptor } from './index.ts';

/** Finds out on whose behalf a peer acts, and whether that user may. */
export interface Acting {
  /** Whose session it is. Throws Failure `unauthenticated` when the token is not good. */
  authenticate(sessionToken: string, call: Call): Promise<Actor>;
  /** Whether the user holds the permission. */
  permits(actor: Actor, permission: string, call: Call): Promise<boolean>;
}

export interface AccessOptions {
  /** Undefined: no RPC of the server may be called for an end user. */
  readonly acting?: Acting | undefined;
}

/** Lets a call pass if its RPC's rule names the peer, or the user for whom the peer acts. */
export function checkAccess({ acting }: AccessOptions): Interceptor {
  return {
    name: 'access',
    before(call) {
      const rule = call.definition.access;
      const outright = checkPeer(call.definition, call.peer, acting !== undefined);
      // Most RPCs have no end user, and must not wait for anything here.
      if (outright && !(rule.acting && call.sessionToken)) return;
      if (!rule.acting || !acting) throw peerNotAllowed(call.definition.name);
      return actFor(call, acting, rule.acting.permission, outright);
    },
  };
}

/**
 * Whether the peer may call the method outright, and not only for an end user. Throws Failure `denied` PEER_NOT_ALLOWED
 * when it may do neither; `canAct` is whether the server lets anybody act for users.
 */
export function checkPeer({ access, name }: Method, peer: Peer, canAct: boolean): boolean {
  if (matchesPeer(peer.name, access.peers)) return true;
  if (canAct && access.acting && matchesPeer(peer.name, access.acting.peers)) return false;
  throw peerNotAllowed(name);
}

async function actFor(call: ServedCall, acting: Acting, permission: string, outright: boolean): Promise<void> {
  const { sessionToken } = call;
  if (sessionToken === undefined) {
    throw new Failure('unauthenticated', 'ACTING_USER_REQUIRED', 'Pass the session token of the user who does this.');
  }
  const actor = await acting.authenticate(sessionToken, call);
  call.actor = actor;
  if (outright || (await acting.permits(actor, permission, call))) return;
  throw permissionMissing(permission);
}

/** The acting user may not. */
export function permissionMissing(permission: string): Failure {
  return new Failure('denied', 'PERMISSION_MISSING', `The user does not hold the permission ${permission}.`, {
    metadata: { permission },
  });
}

function peerNotAllowed(method: string): Failure {
  return new Failure('denied', 'PEER_NOT_ALLOWED', `The peer may not call ${method}.`);
}
