import type { AuditEvent, EventSource, Trail } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import { Counter, type Registry } from '@gatehouse/process';
import type { RoleExclusion, RolePair } from './domain/exclusion.ts';
import type { RoleGrant, StoredGrant } from './domain/grant.ts';
import { nameOf, type Permission } from './domain/permission.ts';
import type { Role } from './domain/role.ts';
import { denialInWords, type HeldLists } from './domain/role-update.ts';

/** A grant that is taken away. */
export type Revocation = Pick<RoleGrant, 'id' | 'userId' | 'roleId' | 'reason' | 'scope'>;

/** What was checked; an empty user or permission is one that can't exist here. */
export interface Checked {
  readonly userId: string;
  readonly permission: string;
  /** Empty: nothing in particular. */
  readonly resource: string;
}

/** Every business event of the authz service: what the audit trail learns of it, and what is counted. */
export interface Events {
  permissionCreated(tx: Transaction, source: EventSource, permission: Permission): Promise<void>;
  /** `before` is the permission as it was. */
  permissionUpdated(tx: Transaction, source: EventSource, permission: Permission, before: Permission): Promise<void>;
  /** `roles` is how many roles it was taken from. */
  permissionDeleted(tx: Transaction, source: EventSource, permission: Permission, roles: number): Promise<void>;
  roleCreated(tx: Transaction, source: EventSource, role: Role, held: HeldLists): Promise<void>;
  /** `words` say what was changed, as it is now. */
  roleUpdated(tx: Transaction, source: EventSource, role: Role, words: Readonly<Record<string, string>>): Promise<void>;
  roleDeleted(tx: Transaction, source: EventSource, role: Role): Promise<void>;
  roleExclusionCreated(tx: Transaction, source: EventSource, exclusion: RoleExclusion): Promise<void>;
  /** Its reason is another one. */
  roleExclusionUpdated(tx: Transaction, source: EventSource, exclusion: RoleExclusion): Promise<void>;
  roleExclusionDeleted(tx: Transaction, source: EventSource, pair: RolePair, reason: string): Promise<void>;
  roleGranted(tx: Transaction, source: EventSource, grant: StoredGrant, roleName: string): Promise<void>;
  roleRevoked(tx: Transaction, source: EventSource, revocation: Revocation, roleName: string): Promise<void>;
  /** `before` is the grant as it was. */
  grantUpdated(tx: Transaction, source: EventSource, grant: StoredGrant, before: StoredGrant): Promise<void>;
  grantApproved(tx: Transaction, source: EventSource, grant: StoredGrant, reason: string): Promise<void>;
  permissionChecked(source: EventSource, checked: Checked, isAllowed: boolean): void;
  /** Has all events of the transaction that `tell` tells recorded by few statements instead of one each. */
  together(tx: Transaction, source: EventSource, tell: () => Promise<void>): Promise<void>;
}

/** Most events that one statement records. */
const TOGETHER_MAX = 500;

export function openEvents(trail: Trail, registry: Registry): Events {
  const waiting = new WeakMap<Transaction, AuditEvent[]>();
  const record = async (tx: Transaction, source: EventSource, event: AuditEvent) => {
    const events = waiting.get(tx);
    if (!events) return trail.record(tx, source, event);
    events.push(event);
    if (events.length >= TOGETHER_MAX) await trail.recordAll(tx, source, events.splice(0));
  };
  /** Records events of one type with the change that they tell of, and counts them when it is committed. */
  const recorder = (type: string, metric: string, help: string) => {
    const counter = new Counter({ name: metric, help, registers: [registry] });
    return async (tx: Transaction, source: EventSource, attributes: Record<string, string>, userId?: string) => {
      await record(tx, source, { type, status: 'success', attributes, ...(userId && { userId }) });
      tx.afterCommit(() => counter.inc());
    };
  };
  const created = recorder('permission.created', 'authz_permission_created_total', 'Permissions created.');
  const reworded = recorder('permission.updated', 'authz_permission_updated_total', 'Permissions changed.');
  const dropped = recorder('permission.deleted', 'authz_permission_deleted_total', 'Permissions deleted.');
  const made = recorder('role.created', 'authz_role_created_total', 'Roles created.');
  const changed = recorder('role.updated', 'authz_role_updated_total', 'Roles changed.');
  const deleted = recorder('role.deleted', 'authz_role_deleted_total', 'Roles deleted.');
  const excluded = recorder('role_exclusion.created', 'authz_role_exclusion_created_total', 'Role exclusions created.');
  const reasoned = recorder('role_exclusion.updated', 'authz_role_exclusion_updated_total', 'Role exclusions changed.');
  const included = recorder('role_exclusion.deleted', 'authz_role_exclusion_deleted_total', 'Role exclusions deleted.');
  const granted = recorder('role.granted', 'authz_role_granted_total', 'Roles given to users.');
  const revoked = recorder('role.revoked', 'authz_role_revoked_total', 'Roles taken from users.');
  const updated = recorder('grant.updated', 'authz_grant_updated_total', 'Grants changed.');
  const approved = recorder('grant.approved', 'authz_grant_approved_total', 'Grants approved.');
  // Kept apart until they are scraped: a labelled counter costs a good part of what a check in memory does.
  const decided = { allowed: 0, denied: 0 };
  new Counter({
    name: 'authz_check_decisions_total',
    help: 'Checks, by what was decided.',
    labelNames: ['decision'],
    registers: [registry],
    collect() {
      for (const decision of ['allowed', 'denied'] as const) {
        this.inc({ decision }, decided[decision]);
        decided[decision] = 0;
      }
    },
  });
  return {
    permissionCreated: (tx, source, permission) => {
      const { id, isDangerous } = permission;
      const attributes = { permission_id: id, permission: nameOf(permission), is_dangerous: String(isDangerous) };
      return created(tx, source, attributes);
    },
    permissionUpdated: (tx, source, permission, before) => {
      const changes = differences(permissionWords(before), permissionWords(permission));
      return reworded(tx, source, { permission_id: permission.id, permission: nameOf(permission), ...changes });
    },
    permissionDeleted: (tx, source, permission, roles) =>
      dropped(tx, source, { permission_id: permission.id, permission: nameOf(permission), roles: String(roles) }),
    roleCreated: (tx, source, { id, name, parentRoleId, level }, held) =>
      made(tx, source, {
        role_id: id,
        role: name,
        level: String(level),
        ...optional('parent_role_id', parentRoleId),
        ...optional('permissions', held.permissions.join(' ')),
        ...optional('denied_permissions', held.deniedPermissions.join(' ')),
        ...optional('denial_conditions', held.denialConditions.map(denialInWords).join('; ')),
      }),
    roleUpdated: (tx, source, { id, name }, words) => changed(tx, source, { role_id: id, role: name, ...words }),
    roleDeleted: (tx, source, { id, name }) => deleted(tx, source, { role_id: id, role: name }),
    roleExclusionCreated: (tx, source, exclusion) => excluded(tx, source, pairWords(exclusion, exclusion.reason)),
    roleExclusionUpdated: (tx, source, exclusion) => reasoned(tx, source, pairWords(exclusion, exclusion.reason)),
    roleExclusionDeleted: (tx, source, pair, reason) => included(tx, source, pairWords(pair, reason)),
    roleGranted: (tx, source, grant, roleName) => {
      const { id, userId, roleId, reason, scope, validFrom, validUntil, condition, status } = grant;
      const attributes = {
        grant_id: id,
        role_id: roleId,
        role: roleName,
        ...optional('reason', reason),
        ...optional('scope', scope),
        ...optional('valid_from', validFrom?.toISOString()),
        ...optional('valid_until', validUntil?.toISOString()),
        ...optional('condition', condition),
        ...optional('status', status === 'active' ? '' : status),
      };
      return granted(tx, source, attributes, userId);
    },
    roleRevoked: (tx, source, { id, userId, roleId, reason, scope }, role) => {
      const attributes = {
        grant_id: id,
        role_id: roleId,
        role,
        ...optional('reason', reason),
        ...optional('scope', scope),
      };
      return revoked(tx, source, attributes, userId);
    },
    grantUpdated: (tx, source, grant, before) => {
      const { id, userId, roleId } = grant;
      const attributes = { grant_id: id, role_id: roleId, ...differences(grantWords(before), grantWords(grant)) };
      return updated(tx, source, attributes, userId);
    },
    grantApproved: (tx, source, { id, userId, roleId }, reason) =>
      approved(tx, source, { grant_id: id, role_id: roleId, ...optional('reason', reason) }, userId),
    permissionChecked(source, { userId, permission, resource }, isAllowed) {
      decided[isAllowed ? 'allowed' : 'denied'] += 1;
      const status = isAllowed ? 'success' : 'denied';
      // Most checks are allowed and not recorded: they must not cost an event that nobody keeps.
      if (!trail.observes(status)) return;
      const type = isAllowed ? 'permission.allowed' : 'permission.denied';
      const attributes = { ...optional('permission', permission), ...optional('resource', resource) };
      trail.observe(source, { type, status, userId, attributes });
    },
    async together(tx, source, tell) {
      const events: AuditEvent[] = [];
      waiting.set(tx, events);
      await tell();
      waiting.delete(tx);
      await trail.recordAll(tx, source, events);
    },
  };
}

function optional(name: string, value: string | undefined): Record<string, string> {
  return value ? { [name]: value } : {};
}

function pairWords({ roleId, excludedRoleId }: RolePair, reason: string): Record<string, string> {
  return { role_id: roleId, excluded_role_id: excludedRoleId, ...optional('reason', reason) };
}

function grantWords({ reason, validFrom, validUntil, condition, status }: StoredGrant): Record<string, string> {
  return {
    reason,
    valid_from: validFrom?.toISOString() ?? '',
    valid_until: validUntil?.toISOString() ?? '',
    condition,
    status,
  };
}

function permissionWords({ description, category, isDangerous, condition }: Permission): Record<string, string> {
  return { description, category, is_dangerous: String(isDangerous), condition };
}

/** What is other than before, as it is now; what is now empty is "none". */
function differences(before: Record<string, string>, after: Record<string, string>): Record<string, string> {
  const changed = Object.entries(after).filter(([name, value]) => before[name] !== value);
  return Object.fromEntries(changed.map(([name, value]) => [name, value || 'none']));
}
