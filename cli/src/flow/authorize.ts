import { Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { ensure, expecting } from './expect.ts';
import type { Journey, World } from './world.ts';

const OPERATOR = 'peer:operator/cli';

/**
 * Denied, then granted a role whose parent holds the permission, then allowed, then revoked and denied at once. The roles and
 * the permission are deleted again, so that the model stays that of whoever uses this mesh.
 */
export async function authorize({ authz, authzOperator, modelOperator }: World, journey: Journey): Promise<string> {
  const { userId } = journey;
  const tag = journey.email.slice(4, 16);
  const permission = `orders-${tag}:read`;
  const check = async (event: string, token?: string) => {
    const consistency =
      token === undefined ? undefined : { requirement: { $case: 'atLeastAsFresh' as const, value: token } };
    const { decision } = await authz.check(
      { userId, permission, consistency, resource: '', context: undefined },
      expecting(journey, 'peer:app/shop', event),
    );
    return decision;
  };
  const before = await check('permission.denied');
  ensure(before === Decision.DECISION_DENIED, 'A permission that nobody has was not denied.');
  const created = await authzOperator.createPermission(
    { name: permission, description: 'Read orders.', category: 'orders', isDangerous: false, condition: '' },
    expecting(journey, OPERATOR, 'permission.created'),
  );
  const role = { description: '', permissions: [], denialConditions: [], deniedPermissions: [], parentRoleId: '' };
  const parent = await authzOperator.createRole(
    { ...role, name: `reader-${tag}`, permissions: [permission] },
    expecting(journey, OPERATOR, 'role.created'),
  );
  const child = await authzOperator.createRole(
    { ...role, name: `editor-${tag}`, parentRoleId: parent.role?.roleId ?? '' },
    expecting(journey, OPERATOR, 'role.created'),
  );
  const roleId = child.role?.roleId ?? '';
  const granted = await authzOperator.grantRole(
    {
      userId,
      roleId,
      reason: '',
      scope: '',
      validFrom: undefined,
      validUntil: undefined,
      condition: '',
      requiresApproval: false,
    },
    expecting(journey, OPERATOR, 'role.granted'),
  );
  const during = await check('permission.allowed', granted.consistencyToken);
  ensure(during === Decision.DECISION_ALLOWED, 'A granted role did not allow what its parent holds.');
  const revoked = await authzOperator.revokeRole(
    { userId, roleId, reason: '', scope: '' },
    expecting(journey, OPERATOR, 'role.revoked'),
  );
  const after = await check('permission.denied', revoked.consistencyToken);
  ensure(after === Decision.DECISION_DENIED, 'A revoked role still allowed.');
  for (const role of [child, parent]) {
    await modelOperator.deleteRole(
      { roleId: role.role?.roleId ?? '', mustMatchRevision: undefined },
      expecting(journey, OPERATOR, 'role.deleted'),
    );
  }
  await modelOperator.deletePermission(
    { permissionId: created.permission?.permissionId ?? '', force: false, mustMatchRevision: undefined },
    expecting(journey, OPERATOR, 'permission.deleted'),
  );
  return `${permission}: denied; granted through the parent role: allowed; revoked: denied`;
}
