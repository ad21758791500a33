import type { ChangedRole } from './plan-roles.ts';
import { type Effect, type Held, namesWith } from './role-update.ts';

/** What is changed of a role, as its audit event tells it: as UpdateRole would be asked for it. */
export function changedWords({ before, description, parentRoleId, held }: ChangedRole): Record<string, string> {
  const words = {
    description: description === before.description ? '' : description || 'none',
    parent_role_id: parentRoleId === before.parentRoleId ? '' : (parentRoleId ?? 'none'),
    ...heldWords('permissions', 'allow', before.held, held),
    ...heldWords('denied_permissions', 'deny', before.held, held),
  };
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== ''));
}

function heldWords(list: string, effect: Effect, before: Held, after: Held): Record<string, string> {
  const without = (all: Held, others: Held) => namesWith(effect, all).filter((name) => others.get(name) !== effect);
  return { [`add_${list}`]: without(after, before).join(' '), [`remove_${list}`]: without(before, after).join(' ') };
}
