import type { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { GrantServiceService } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import type { ModelServiceService } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { PolicyServiceService } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { WatchServiceService } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import { type Access, peers } from '@gatehouse/rpc';

const { identity, session, audit, ops, anyApp, anyEdge, anyOperator } = peers;

const withPermission = (permission: string) => ({ peers: [anyOperator], acting: { peers: [anyApp], permission } });

/** Which peer may call which RPC. What is not named is refused. */
export const access = {
  check: { peers: [anyApp, anyEdge, anyOperator, identity, session, audit, ops] },
  batchCheck: { peers: [anyApp, anyEdge, anyOperator, identity, session, audit, ops] },
  streamCheck: { peers: [anyApp, anyEdge, anyOperator, identity, session, audit, ops] },
  // They tell no more than whoever may check finds out by asking.
  listUserPermissions: { peers: [anyApp, anyOperator, identity, session, audit, ops] },
  lookupUsers: { peers: [anyApp, anyOperator, identity, session, audit, ops] },
  lookupResources: { peers: [anyApp, anyOperator, identity, session, audit, ops] },
  explainCheck: withPermission('checks:explain'),
  createPermission: withPermission('permissions:create'),
  createRole: withPermission('roles:create'),
  grantRole: withPermission('grants:create'),
  revokeRole: withPermission('grants:revoke'),
} satisfies Access<typeof AuthzServiceService>;

export const grantAccess = {
  getGrant: withPermission('grants:read'),
  listGrants: withPermission('grants:read'),
  updateGrant: withPermission('grants:update'),
  approveGrant: withPermission('grants:approve'),
  revokeGrant: withPermission('grants:revoke'),
} satisfies Access<typeof GrantServiceService>;

export const modelAccess = {
  getRole: withPermission('roles:read'),
  listRoles: withPermission('roles:read'),
  updateRole: withPermission('roles:update'),
  deleteRole: withPermission('roles:delete'),
  listPermissions: withPermission('permissions:read'),
  updatePermission: withPermission('permissions:update'),
  deletePermission: withPermission('permissions:delete'),
  createRoleExclusion: withPermission('role_exclusions:create'),
  listRoleExclusions: withPermission('role_exclusions:read'),
  deleteRoleExclusion: withPermission('role_exclusions:delete'),
} satisfies Access<typeof ModelServiceService>;

// Whoever may check may have what a check is decided by, to decide in its own memory.
export const watchAccess = {
  watchChanges: { peers: [anyApp, anyEdge, anyOperator, identity, session, audit, ops] },
  readModel: { peers: [anyApp, anyEdge, anyOperator, identity, session, audit, ops] },
  getUserGrants: { peers: [anyApp, anyEdge, anyOperator, identity, session, audit, ops] },
} satisfies Access<typeof WatchServiceService>;
export const policyAccess = {
  applyPolicy: withPermission('policies:apply'),
  exportPolicy: withPermission('policies:read'),
  simulateChange: withPermission('policies:simulate'),
  importGrants: withPermission('grants:import'),
  exportGrants: withPermission('grants:export'),
} satisfies Access<typeof PolicyServiceService>;
