import type { ChangedRole } from './plan-roles.ts';
import {
  denialInWords,
  denialsWithCondition,
  type Effect,
  type Held,
  type HeldAs,
  isSameHold,
  namesWith,
} from './role-update.ts';

/** What is changed of a role, as its audit event tells it: as UpdateRole would be asked for it. */
export function changedWords({ before, description, parentRoleId, held }: ChangedRole): Record<string, string> {
  const words = {
    description: description === before.description ? '' : description || 'none',
    parent_role_id: parentRoleId === before.parentRoleId ? '' : (parentRoleId ?? 'none'),
    ...heldWords('permissions', 'allow', before.held, held),
    ...heldWords('denied_permissions', 'deny', before.held, held),
    denial_conditions: denialsWithCondition(new Map(differing(held, before.held)))
      .map(denialInWords)
      .join('; '),
  };
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== ''));
}

function heldWords(list: string, effect: Effect, before: Held, after: Held): Record<string, string> {
  const isGone = (name: string) => after.get(name)?.effect !== effect;
  return {
    [`add_${list}`]: namesWith(effect, new Map(differing(after, before))).join(' '),
    [`remove_${list}`]: namesWith(effect, before).filter(isGone).join(' '),
  };
}

/** What is held otherwise than by the others. */
function differing(held: Held, others: Held): [string, HeldAs][] {
  return [...held].filter(([name, each]) => !isSameHold(each, others.get(name)));
}
