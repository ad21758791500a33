import { permitsWith, type Runtime } from '@gatehouse/mesh';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Acting } from '@gatehouse/rpc';

/** The authz service, which knows who may list events. */
export function authzPeer(runtime: Runtime, address: string): Acting['permits'] {
  return permitsWith(runtime.peer('authz', AuthzServiceService, address));
}
