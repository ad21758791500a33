import { problemOf, storedCondition } from '@gatehouse/client/policy';
import type { Role as RoleMessage } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { UpdateRoleRequest } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import type { StoredRole } from '../domain/role.ts';
import { denialInWords, type Held, toHeldLists } from '../domain/role-update.ts';

/** A role as callers see it; without what it holds, its permissions are left out. */
export function toRoleMessage(role: StoredRole, held: Held = new Map()): RoleMessage {
  const { id: roleId, parentRoleId = '', createdBy: _, ...rest } = role;
  const lists = toHeldLists(held);
  const denialConditionProblems = lists.denialConditions.flatMap(({ permission, condition }) => {
    const problem = problemOf(storedCondition(condition));
    return problem ? [{ permission, problem }] : [];
  });
  return { ...rest, roleId, parentRoleId, ...lists, denialConditionProblems };
}

/** What a change of a role asks for, as its audit event tells it. */
export function toRoleWords(request: UpdateRoleRequest): Record<string, string> {
  const words = {
    description: request.description === '' ? 'none' : request.description,
    parent_role_id: request.parentRoleId === '' ? 'none' : request.parentRoleId,
    add_permissions: request.addPermissions.join(' '),
    remove_permissions: request.removePermissions.join(' '),
    add_denied_permissions: request.addDeniedPermissions.join(' '),
    remove_denied_permissions: request.removeDeniedPermissions.join(' '),
    denial_conditions: request.denialConditions.map(denialInWords).join('; '),
  };
  return Object.fromEntries(Object.entries(words).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
