import { authenticateWith, type Runtime } from '@gatehouse/mesh';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Acting } from '@gatehouse/rpc';

/** The session service, which knows whose session it is. */
export function sessionPeer(runtime: Runtime, address: string): Acting['authenticate'] {
  return authenticateWith(runtime.peer('session', SessionServiceService, address));
}
