import { compileModel, type Effect, type HeldPermission, type Model } from '@gatehouse/client/policy';
import type { DocumentRole, PolicyDocument } from '../domain/policy-document.ts';
import { conditionOf } from './conditions.ts';

/** The model that a document lists whole, compiled. The ids of its roles are their names; it has no exclusions. */
export function modelOf({ permissions, roles }: PolicyDocument, revision: bigint): Model {
  const conditions = new Map(permissions.map(({ name, condition }) => [name, conditionOf(condition)]));
  const held = (names: readonly string[], effect: Effect) =>
    names.map((name): HeldPermission => ({ name, effect, condition: conditions.get(name) }));
  return compileModel(
    revision,
    parentsFirst(roles).map(({ name, parent, permissions: allowed, deniedPermissions: denied }) => ({
      id: name,
      name,
      parentId: parent || undefined,
      permissions: [...held(allowed, 'allow'), ...held(denied, 'deny')],
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
