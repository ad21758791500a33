import { permitsWith, type Runtime } from '@gatehouse/mesh';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Acting } from '@gatehouse/rpc';

/** Whether an acting user holds a permission, as the authz service says. */
export function permissions(runtime: Runtime, address: string): Acting['permits'] {
  return permitsWith(runtime.peer('authz', AuthzServiceService, address));
}
