import { permitsWith, type Runtime } from '@gatehouse/mesh';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Acting } from '@gatehouse/rpc';

/** Asks whether an end user holds a permission. */
export function permitsAt(runtime: Runtime, address: string): Acting['permits'] {
  return permitsWith(runtime.peer('authz', AuthzServiceService, address));
}
