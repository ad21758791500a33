import { randomUUID } from 'node:crypto';
import { AuthzServiceService, GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { GrantServiceService } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import { ModelServiceService } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import { PolicyServiceService } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { Client, ClientCallContext, RpcDefinitions } from '@gatehouse/rpc';
import { ALWAYS, type Fixture, permission } from './fixture.ts';
import { FIRST_PAGE, makeGrant, NO_CHANGE } from './grants.ts';
import { makePermission } from './permissions.ts';
import { apply, arrayOf, policyOf } from './policies.ts';

/** One RPC that administers roles, permissions or grants. */
export interface AdministeredRpc {
  /** Its name in the contract, such as `CreateRole`. */
  readonly name: string;
  /** The permission that an end user needs; undefined for one that only operators and the service itself may call. */
  readonly permission: string;
  /** Connects as a peer. */
  readonly connect: (on: Fixture, peer: string) => Call;
  /** The column that says who did it, in one row of the table; undefined when nothing says so. */
  readonly witness: { readonly table: string; readonly column: string } | undefined;
  /** Undefined for an RPC that only reads. */
  readonly eventType: string | undefined;
}

/** Calls the RPC so that nothing but the caller's right, or a store, can be in the way. */
type Call = (context: ClientCallContext) => Promise<unknown>;

interface Row<Definition extends RpcDefinitions> {
  readonly permission: string;
  readonly call: (client: Client<Definition>, context: ClientCallContext, on: Fixture) => Promise<unknown>;
  readonly witness?: AdministeredRpc['witness'];
  readonly eventType?: string;
}

const PAGE = { pageSize: 0, pageToken: '' };
/** Ids of nothing, for a service that can't store anything to call about. */
const nobodysGrant = () => ({ userId: randomUUID(), grantId: randomUUID() });
const someRole = (on: Fixture) => on.role().catch(() => randomUUID());
const someGrant = (on: Fixture, change = {}) => makeGrant(on, change).catch(nobodysGrant);
const somePermission = (on: Fixture) => makePermission(on).catch(() => ({ permissionId: randomUUID() }));
const twoRoles = async (on: Fixture) => ({
  roleId: await someRole(on),
  excludedRoleId: await someRole(on),
  reason: '',
});

export const ADMINISTERED: readonly AdministeredRpc[] = [
  ...rowsOf(AuthzServiceService, {
    CreatePermission: {
      permission: 'permissions:create',
      call: (client, context) => client.createPermission(permission(`r-${randomUUID()}:act`), context),
      witness: { table: 'permissions', column: 'created_by' },
      eventType: 'permission.created',
    },
    CreateRole: {
      permission: 'roles:create',
      call: (client, context) =>
        client.createRole(
          {
            name: `role-${randomUUID()}`,
            description: '',
            parentRoleId: '',
            permissions: [],
            denialConditions: [],
            deniedPermissions: [],
          },
          context,
        ),
      witness: { table: 'roles', column: 'created_by' },
      eventType: 'role.created',
    },
    GrantRole: {
      permission: 'grants:create',
      call: async (client, context, on) =>
        client.grantRole({ userId: randomUUID(), roleId: await someRole(on), reason: '', ...ALWAYS }, context),
      witness: { table: 'role_grants', column: 'granted_by' },
      eventType: 'role.granted',
    },
    RevokeRole: {
      permission: 'grants:revoke',
      call: async (client, context, on) => {
        const [userId, roleId] = [randomUUID(), await someRole(on)];
        await on.grant(userId, roleId).catch(() => {});
        return client.revokeRole({ userId, roleId, reason: '', scope: '' }, context);
      },
      eventType: 'role.revoked',
    },
  }),
  ...rowsOf(GrantServiceService, {
    ApproveGrant: {
      permission: 'grants:approve',
      call: async (client, context, on) => {
        const { userId, grantId } = await someGrant(on, { requiresApproval: true });
        return client.approveGrant({ userId, grantId, reason: '' }, context);
      },
      witness: { table: 'role_grants', column: 'approved_by' },
      eventType: 'grant.approved',
    },
    GetGrant: {
      permission: 'grants:read',
      call: async (client, context, on) => {
        const { userId, grantId } = await someGrant(on);
        return client.getGrant({ userId, grantId }, context);
      },
    },
    ListGrants: {
      permission: 'grants:read',
      call: (client, context) =>
        client.listGrants({ of: { $case: 'userId', value: randomUUID() }, ...FIRST_PAGE }, context),
    },
    RevokeGrant: {
      permission: 'grants:revoke',
      call: async (client, context, on) => {
        const { userId, grantId } = await someGrant(on);
        return client.revokeGrant({ userId, grantId, reason: '' }, context);
      },
      eventType: 'role.revoked',
    },
    UpdateGrant: {
      permission: 'grants:update',
      call: async (client, context, on) => {
        const { userId, grantId } = await someGrant(on);
        return client.updateGrant({ userId, grantId, ...NO_CHANGE, reason: 'Audit' }, context);
      },
      witness: { table: 'role_grants', column: 'updated_by' },
      eventType: 'grant.updated',
    },
  }),
  ...rowsOf(ModelServiceService, {
    CreateRoleExclusion: {
      permission: 'role_exclusions:create',
      call: async (client, context, on) => client.createRoleExclusion(await twoRoles(on), context),
      eventType: 'role_exclusion.created',
    },
    DeletePermission: {
      permission: 'permissions:delete',
      call: async (client, context, on) => {
        const { permissionId } = await somePermission(on);
        return client.deletePermission({ permissionId, force: false }, context);
      },
      eventType: 'permission.deleted',
    },
    DeleteRole: {
      permission: 'roles:delete',
      call: async (client, context, on) => client.deleteRole({ roleId: await someRole(on) }, context),
      eventType: 'role.deleted',
    },
    DeleteRoleExclusion: {
      permission: 'role_exclusions:delete',
      call: async (client, context, on) => {
        const request = await twoRoles(on);
        await on.model.createRoleExclusion(request).catch(() => {});
        return client.deleteRoleExclusion(request, context);
      },
      eventType: 'role_exclusion.deleted',
    },
    GetRole: {
      permission: 'roles:read',
      call: async (client, context, on) => client.getRole({ roleId: await someRole(on) }, context),
    },
    ListPermissions: {
      permission: 'permissions:read',
      call: (client, context) => client.listPermissions({ category: '', ...PAGE }, context),
    },
    ListRoleExclusions: {
      permission: 'role_exclusions:read',
      call: (client, context) => client.listRoleExclusions({ roleId: '', ...PAGE }, context),
    },
    ListRoles: {
      permission: 'roles:read',
      call: (client, context) => client.listRoles({ parentRoleId: '', ...PAGE }, context),
    },
    UpdatePermission: {
      permission: 'permissions:update',
      call: async (client, context, on) => {
        const { permissionId } = await somePermission(on);
        return client.updatePermission({ permissionId, description: 'Audit' }, context);
      },
      eventType: 'permission.updated',
    },
    UpdateRole: {
      permission: 'roles:update',
      call: async (client, context, on) =>
        client.updateRole(
          {
            roleId: await someRole(on),
            addPermissions: [],
            removePermissions: [],
            addDeniedPermissions: [],
            denialConditions: [],
            removeDeniedPermissions: [],
            description: 'Audit',
          },
          context,
        ),
      eventType: 'role.updated',
    },
  }),
  ...rowsOf(PolicyServiceService, {
    ApplyPolicy: {
      permission: 'policies:apply',
      call: (client, context) => apply(client, { roles: [{ name: `role-${randomUUID()}` }] }, {}, context),
      witness: { table: 'roles', column: 'created_by' },
      eventType: 'role.created',
    },
    ExportGrants: {
      permission: 'grants:export',
      call: (client, context) => arrayOf(client.exportGrants(PAGE, context)),
    },
    ExportPolicy: {
      permission: 'policies:read',
      call: (client, context) => arrayOf(client.exportPolicy({}, context)),
    },
    ImportGrants: {
      permission: 'grants:import',
      call: async (client, context, on) => {
        const name = `role-${randomUUID()}`;
        await on.role({ name }).catch(() => {});
        const grant = {
          userId: randomUUID(),
          role: { $case: 'roleName' as const, value: name },
          scope: '',
          validFrom: undefined,
          validUntil: undefined,
          condition: '',
          reason: '',
          status: GrantStatus.GRANT_STATUS_UNSPECIFIED,
        };
        return arrayOf(client.importGrants([{ grants: [grant] }], context));
      },
      witness: { table: 'role_grants', column: 'granted_by' },
      eventType: 'role.granted',
    },
    SimulateChange: {
      permission: 'policies:simulate',
      call: (client, context) => {
        const request = {
          ...PAGE,
          isComplete: true,
          prune: false,
          policy: policyOf({ roles: [{ name: 'x' }] }),
          grantChanges: [],
        };
        return arrayOf(client.simulateChange([request], context));
      },
    },
  }),
];

function rowsOf<Definition extends RpcDefinitions>(
  definition: Definition,
  rows: Readonly<Record<string, Row<Definition>>>,
): AdministeredRpc[] {
  return Object.entries(rows).map(([name, { permission: needed, call, witness, eventType }]) => ({
    name,
    permission: needed,
    witness,
    eventType,
    connect: (on, peer) => {
      const client = on.service.connectAs(peer, definition);
      return (context) => call(client, context, on);
    },
  }));
}
