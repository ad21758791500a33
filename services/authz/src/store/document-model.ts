import { compileModel, type HeldPermission, type Model, storedCondition } from '@gatehouse/client/policy';
import type { DocumentRole, PolicyDocument } from '../domain/policy-document.ts';
import { heldEntries } from '../domain/role-update.ts';

/** The model that a document lists whole, compiled. The ids of its roles are their names; it has no exclusions. */
export function modelOf({ permissions, roles }: PolicyDocument, revision: bigint): Model {
  const conditions = new Map(permissions.map(({ name, condition }) => [name, storedCondition(condition)]));
  const heldOf = ({ permissions: allowed, deniedPermissions, denialConditions }: DocumentRole) =>
    [...heldEntries(allowed, deniedPermissions, denialConditions)].map(([name, held]): HeldPermission => {
      const { effect, condition } = held;
      return { name, effect, condition: effect === 'allow' ? conditions.get(name) : storedCondition(condition) };
    });
  return compileModel(
    revision,
    parentsFirst(roles).map((role) => ({
      id: role.name,
      name: role.name,
      parentId: role.parent || undefined,
      permissions: heldOf(role),
    })),
  );
}

/** The hierarchy must have no cycle. */
function parentsFirst(roles: readonly DocumentRole[]): readonly DocumentRole[] {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const sorted = new Set<DocumentRole>();
  for (const start of roles) {
    const chain: DocumentRole[] = [];
    for (let role: DocumentRole | undefined = start; role && !sorted.has(role); role = byName.get(role.parent)) {
      chain.push(role);
    }
    for (const role of chain.reverse()) sorted.add(role);
  }
  return [...sorted];
}
