import type { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Handlers } from '@gatehouse/rpc';
import type { Deps } from './deps.ts';
import { batchCheck } from './rpc/batch-check.ts';
import { check } from './rpc/check.ts';
import { createPermission } from './rpc/create-permission.ts';
import { createRole } from './rpc/create-role.ts';
import { grantRole } from './rpc/grant-role.ts';
import { revokeRole } from './rpc/revoke-role.ts';
import { streamCheck } from './rpc/stream-check.ts';

/** The authz service: one line for each RPC in authz.proto. */
export function authzService(deps: Deps): Handlers<typeof AuthzServiceService> {
  return {
    check: check(deps),
    batchCheck: batchCheck(deps),
    streamCheck: streamCheck(deps),
    createPermission: createPermission(deps),
    createRole: createRole(deps),
    grantRole: grantRole(deps),
    revokeRole: revokeRole(deps),
  };
}
