import type { PolicyDocument } from './policy-document.ts';
import { roleNames, type StoredPolicy } from './stored-policy.ts';

/** What is not deleted although a document that says everything does not list it. */
export interface ProtectedNames {
  readonly roles: ReadonlySet<string>;
  readonly permissions: ReadonlySet<string>;
}

/** System roles that the document does not list, their ancestors, and what those hold. */
export function protectedNames(stored: StoredPolicy, document: PolicyDocument): ProtectedNames {
  const listed = new Set(document.roles.map(({ name }) => name));
  const names = roleNames(stored);
  const roles = new Set<string>();
  for (const { name: start, isSystemRole } of stored.roles.values()) {
    if (!isSystemRole || listed.has(start)) continue;
    let name: string | undefined = start;
    while (name !== undefined && !roles.has(name) && !listed.has(name)) {
      roles.add(name);
      const parentId: string | undefined = stored.roles.get(name)?.parentRoleId;
      name = parentId === undefined ? undefined : names.get(parentId);
    }
  }
  return {
    roles,
    permissions: new Set([...roles].flatMap((name) => [...(stored.roles.get(name)?.held.keys() ?? [])])),
  };
}
