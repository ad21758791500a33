import type { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { GrantServiceService } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import type { ModelServiceService } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { PolicyServiceService } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { WatchServiceService } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import type { Handlers } from '@gatehouse/rpc';
import type { Deps } from './deps.ts';
import { applyPolicy } from './rpc/apply-policy.ts';
import { approveGrant } from './rpc/approve-grant.ts';
import { batchCheck } from './rpc/batch-check.ts';
import { check } from './rpc/check.ts';
import { createPermission } from './rpc/create-permission.ts';
import { createRole } from './rpc/create-role.ts';
import { createRoleExclusion } from './rpc/create-role-exclusion.ts';
import { deletePermission } from './rpc/delete-permission.ts';
import { deleteRole } from './rpc/delete-role.ts';
import { deleteRoleExclusion } from './rpc/delete-role-exclusion.ts';
import { explainCheck } from './rpc/explain-check.ts';
import { exportGrants } from './rpc/export-grants.ts';
import { exportPolicy } from './rpc/export-policy.ts';
import { getGrant } from './rpc/get-grant.ts';
import { getRole } from './rpc/get-role.ts';
import { getUserGrants } from './rpc/get-user-grants.ts';
import { grantRole } from './rpc/grant-role.ts';
import { importGrants } from './rpc/import-grants.ts';
import { listGrants } from './rpc/list-grants.ts';
import { listPermissions } from './rpc/list-permissions.ts';
import { listRoleExclusions } from './rpc/list-role-exclusions.ts';
import { listRoles } from './rpc/list-roles.ts';
import { listUserPermissions } from './rpc/list-user-permissions.ts';
import { lookupResources } from './rpc/lookup-resources.ts';
import { lookupUsers } from './rpc/lookup-users.ts';
import { readModel } from './rpc/read-model.ts';
import { revokeGrant } from './rpc/revoke-grant.ts';
import { revokeRole } from './rpc/revoke-role.ts';
import { simulateChange } from './rpc/simulate-change.ts';
import { streamCheck } from './rpc/stream-check.ts';
import { updateGrant } from './rpc/update-grant.ts';
import { updatePermission } from './rpc/update-permission.ts';
import { updateRole } from './rpc/update-role.ts';
import { watchChanges } from './rpc/watch-changes.ts';

/** The authz service: one line for each RPC in authz.proto. */
export function authzService(deps: Deps): Handlers<typeof AuthzServiceService> {
  return {
    check: check(deps),
    batchCheck: batchCheck(deps),
    streamCheck: streamCheck(deps),
    listUserPermissions: listUserPermissions(deps),
    lookupUsers: lookupUsers(deps),
    explainCheck: explainCheck(deps),
    lookupResources: lookupResources(deps),
    createPermission: createPermission(deps),
    createRole: createRole(deps),
    grantRole: grantRole(deps),
    revokeRole: revokeRole(deps),
  };
}

/** Grants by their id: one line for each RPC in grant.proto. */
export function grantService(deps: Deps): Handlers<typeof GrantServiceService> {
  return {
    getGrant: getGrant(deps),
    listGrants: listGrants(deps),
    updateGrant: updateGrant(deps),
    approveGrant: approveGrant(deps),
    revokeGrant: revokeGrant(deps),
  };
}

/** Roles, permissions and exclusions: one line for each RPC in model.proto. */
export function modelService(deps: Deps): Handlers<typeof ModelServiceService> {
  return {
    getRole: getRole(deps),
    listRoles: listRoles(deps),
    updateRole: updateRole(deps),
    deleteRole: deleteRole(deps),
    listPermissions: listPermissions(deps),
    updatePermission: updatePermission(deps),
    deletePermission: deletePermission(deps),
    createRoleExclusion: createRoleExclusion(deps),
    listRoleExclusions: listRoleExclusions(deps),
    deleteRoleExclusion: deleteRoleExclusion(deps),
  };
}

/** What a caller needs who decides in its own memory: one line for each RPC in watch.proto. */
export function watchService(deps: Deps): Handlers<typeof WatchServiceService> {
  return {
    watchChanges: watchChanges(deps),
    readModel: readModel(deps),
    getUserGrants: getUserGrants(deps),
  };
}

/** The model and grants in bulk: one line for each RPC in policy.proto. */
export function policyService(deps: Deps): Handlers<typeof PolicyServiceService> {
  return {
    applyPolicy: applyPolicy(deps),
    exportPolicy: exportPolicy(deps),
    simulateChange: simulateChange(deps),
    importGrants: importGrants(deps),
    exportGrants: exportGrants(deps),
  };
}
