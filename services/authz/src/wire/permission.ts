import { problemOf, storedCondition } from '@gatehouse/client/policy';
import type { Permission as PermissionMessage } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { nameOf, type Permission } from '../domain/permission.ts';

/** A permission as callers see it. */
export function toPermissionMessage(permission: Permission): PermissionMessage {
  const { id: permissionId, description, category, isDangerous, condition, createdAt } = permission;
  return {
    permissionId,
    name: nameOf(permission),
    description,
    category,
    isDangerous,
    condition,
    createdAt,
    conditionProblem: problemOf(storedCondition(condition)),
  };
}
