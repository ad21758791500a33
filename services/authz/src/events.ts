import type { EventSource, Trail } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import { Counter, type Registry } from '@gatehouse/process';
import type { RoleGrant, StoredGrant } from './domain/grant.ts';
import { nameOf, type Permission } from './domain/permission.ts';
import type { Role } from './domain/role.ts';

/** A grant that is taken away. */
export type Revocation = Pick<RoleGrant, 'id' | 'userId' | 'roleId' | 'reason' | 'scope'>;

/** Names of the permissions that a role holds and denies. */
export interface HeldNames {
  readonly permissions: readonly string[];
  readonly deniedPermissions: readonly string[];
}

/** What was checked. */
export interface Checked {
  readonly userId: string;
  readonly permission: string;
  /** Empty: nothing in particular. */
  readonly resource: string;
}

/** Every business event of the authz service: what the audit trail learns of it, and what is counted. */
export interface Events {
  permissionCreated(tx: Transaction, source: EventSource, permission: Permission): Promise<void>;
  roleCreated(tx: Transaction, source: EventSource, role: Role, held: HeldNames): Promise<void>;
  roleGranted(tx: Transaction, source: EventSource, grant: StoredGrant, roleName: string): Promise<void>;
  roleRevoked(tx: Transaction, source: EventSource, revocation: Revocation, roleName: string): Promise<void>;
  /** `before` is the grant as it was. */
  grantUpdated(tx: Transaction, source: EventSource, grant: StoredGrant, before: StoredGrant): Promise<void>;
  grantApproved(tx: Transaction, source: EventSource, grant: StoredGrant, reason: string): Promise<void>;
  permissionChecked(source: EventSource, checked: Checked, isAllowed: boolean): void;
}

export function openEvents(trail: Trail, registry: Registry): Events {
  const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] });
  const permissions = counter('authz_permission_created_total', 'Permissions created.');
  const roles = counter('authz_role_created_total', 'Roles created.');
  const grants = counter('authz_role_granted_total', 'Roles given to users.');
  const revocations = counter('authz_role_revoked_total', 'Roles taken from users.');
  const updates = counter('authz_grant_updated_total', 'Grants changed.');
  const approvals = counter('authz_grant_approved_total', 'Grants approved.');
  const decisions = new Counter({
    name: 'authz_check_decisions_total',
    help: 'Checks, by what was decided.',
    labelNames: ['decision'],
    registers: [registry],
  });
  const allowed = decisions.labels('allowed');
  const denied = decisions.labels('denied');
  return {
    async permissionCreated(tx, source, permission) {
      const { id, isDangerous } = permission;
      await trail.record(tx, source, {
        type: 'permission.created',
        status: 'success',
        attributes: { permission_id: id, permission: nameOf(permission), is_dangerous: String(isDangerous) },
      });
      tx.afterCommit(() => permissions.inc());
    },
    async roleCreated(tx, source, { id, name, parentRoleId, level }, held) {
      const attributes = {
        role_id: id,
        role: name,
        level: String(level),
        ...optional('parent_role_id', parentRoleId),
        ...optional('permissions', held.permissions.join(' ')),
        ...optional('denied_permissions', held.deniedPermissions.join(' ')),
      };
      await trail.record(tx, source, { type: 'role.created', status: 'success', attributes });
      tx.afterCommit(() => roles.inc());
    },
    async roleGranted(tx, source, grant, roleName) {
      const { id, userId, roleId, reason, scope, validFrom, validUntil, condition } = grant;
      const attributes = {
        grant_id: id,
        role_id: roleId,
        role: roleName,
        ...optional('reason', reason),
        ...optional('scope', scope),
        ...optional('valid_from', validFrom?.toISOString()),
        ...optional('valid_until', validUntil?.toISOString()),
        ...optional('condition', condition),
        ...optional('status', grant.status === 'active' ? '' : grant.status),
      };
      await trail.record(tx, source, { type: 'role.granted', status: 'success', userId, attributes });
      tx.afterCommit(() => grants.inc());
    },
    async roleRevoked(tx, source, { id, userId, roleId, reason, scope }, roleName) {
      const attributes = {
        grant_id: id,
        role_id: roleId,
        role: roleName,
        ...optional('reason', reason),
        ...optional('scope', scope),
      };
      await trail.record(tx, source, { type: 'role.revoked', status: 'success', userId, attributes });
      tx.afterCommit(() => revocations.inc());
    },
    async grantUpdated(tx, source, grant, before) {
      const { id, userId, roleId } = grant;
      const attributes = { grant_id: id, role_id: roleId, ...differences(before, grant) };
      await trail.record(tx, source, { type: 'grant.updated', status: 'success', userId, attributes });
      tx.afterCommit(() => updates.inc());
    },
    async grantApproved(tx, source, { id, userId, roleId }, reason) {
      const attributes = { grant_id: id, role_id: roleId, ...optional('reason', reason) };
      await trail.record(tx, source, { type: 'grant.approved', status: 'success', userId, attributes });
      tx.afterCommit(() => approvals.inc());
    },
    permissionChecked(source, { userId, permission, resource }, isAllowed) {
      (isAllowed ? allowed : denied).inc();
      const status = isAllowed ? 'success' : 'denied';
      // Most checks are allowed and not recorded: they must not cost an event that nobody keeps.
      if (!trail.observes(status)) return;
      const type = isAllowed ? 'permission.allowed' : 'permission.denied';
      trail.observe(source, { type, status, userId, attributes: { permission, ...optional('resource', resource) } });
    },
  };
}

function optional(name: string, value: string | undefined): Record<string, string> {
  return value ? { [name]: value } : {};
}

/** What a change of a grant has changed, as it is now; what is now none is "none". */
function differences(before: StoredGrant, after: StoredGrant): Record<string, string> {
  const words = ({ reason, validFrom, validUntil, condition, status }: StoredGrant) => ({
    reason,
    valid_from: validFrom?.toISOString() ?? '',
    valid_until: validUntil?.toISOString() ?? '',
    condition,
    status,
  });
  const old: Record<string, string> = words(before);
  const changed = Object.entries(words(after)).filter(([name, value]) => old[name] !== value);
  return Object.fromEntries(changed.map(([name, value]) => [name, value || 'none']));
}
