import {
  type PolicyChange,
  PolicyChangeKind,
  type PolicyFieldChange,
  PolicyItemKind,
} from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';

const KIND = {
  [PolicyChangeKind.POLICY_CHANGE_KIND_CREATED]: ['+', 'created'],
  [PolicyChangeKind.POLICY_CHANGE_KIND_CHANGED]: ['~', 'changed'],
  [PolicyChangeKind.POLICY_CHANGE_KIND_DELETED]: ['-', 'deleted'],
  [PolicyChangeKind.POLICY_CHANGE_KIND_UNLISTED]: ['?', 'unlisted'],
  [PolicyChangeKind.POLICY_CHANGE_KIND_UNSPECIFIED]: ['?', 'unknown'],
  [PolicyChangeKind.UNRECOGNIZED]: ['?', 'unknown'],
} as const satisfies Record<PolicyChangeKind, readonly [sign: string, word: string]>;

const ITEM = {
  [PolicyItemKind.POLICY_ITEM_KIND_PERMISSION]: 'permission',
  [PolicyItemKind.POLICY_ITEM_KIND_ROLE]: 'role',
  [PolicyItemKind.POLICY_ITEM_KIND_EXCLUSION]: 'exclusion',
  [PolicyItemKind.POLICY_ITEM_KIND_UNSPECIFIED]: 'thing',
  [PolicyItemKind.UNRECOGNIZED]: 'thing',
} as const satisfies Record<PolicyItemKind, string>;

/** How the document calls the fields that the service calls otherwise. */
const FIELD: Readonly<Record<string, string>> = {
  is_dangerous: 'dangerous',
  denied_permissions: 'deny',
  denial_conditions: 'deny_conditions',
};

/** Whether it is, or would be, other than before. */
export function isDifference({ kind }: PolicyChange): boolean {
  return kind !== PolicyChangeKind.POLICY_CHANGE_KIND_UNLISTED;
}

/** `+ role x`, `~ permission a:b condition: "" → "…"`, `- …`, and `? …` for what the file does not list. */
export function toLine(change: PolicyChange): string {
  const fields = change.fields.map(fieldWords).join(', ');
  return `${KIND[change.kind][0]} ${ITEM[change.item]} ${named(change)}${fields === '' ? '' : ` ${fields}`}`;
}

/** How many things are created, changed, deleted and unlisted. */
export function summary(changes: readonly PolicyChange[]): string {
  const count = (wanted: string) => changes.filter(({ kind }) => KIND[kind][1] === wanted).length;
  const unlisted = count('unlisted');
  const left = unlisted === 0 ? '' : `; ${unlisted} not in the file`;
  return `${count('created')} created, ${count('changed')} changed, ${count('deleted')} deleted${left}`;
}

/** The same for machines. */
export function toJson(change: PolicyChange): object {
  const { kind, item, name, excludedRole, fields } = change;
  return {
    kind: KIND[kind][1],
    item: ITEM[item],
    ...(excludedRole === '' ? { name } : { roles: [name, excludedRole] }),
    ...(fields.length === 0 ? {} : { fields: Object.fromEntries(fields.map(fieldJson)) }),
  };
}

function named({ name, excludedRole }: PolicyChange): string {
  return excludedRole === '' ? name : `${name}, ${excludedRole}`;
}

function fieldWords({ field, from, to, added, removed }: PolicyFieldChange): string {
  const names = [...added.map((each) => `+${each}`), ...removed.map((each) => `-${each}`)];
  const words = names.length > 0 ? names.join(' ') : `${JSON.stringify(from)} → ${JSON.stringify(to)}`;
  return `${FIELD[field] ?? field}: ${words}`;
}

function fieldJson({ field, from, to, added, removed }: PolicyFieldChange): [string, object] {
  return [FIELD[field] ?? field, added.length + removed.length > 0 ? { added, removed } : { from, to }];
}
