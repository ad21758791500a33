/** What becomes of a thing when a document is applied; `unlisted`: the document does not list it, and it stays. */
export type ChangeKind = 'created' | 'changed' | 'deleted' | 'unlisted';

/** One thing of the difference between the model and a document. */
export interface PolicyChange {
  readonly kind: ChangeKind;
  readonly item: 'permission' | 'role' | 'exclusion';
  readonly name: string;
  /** Of an exclusion, the other role; else empty. */
  readonly excludedRole: string;
  /** Of what is changed. */
  readonly fields: readonly FieldChange[];
}

/** One field that is other than before; of a list, what is new in it and what is gone. */
export interface FieldChange {
  readonly field: string;
  readonly from: string;
  readonly to: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** A change of a permission or a role. */
export function changeOf(
  item: 'permission' | 'role',
  kind: ChangeKind,
  name: string,
  fields: readonly FieldChange[] = [],
): PolicyChange {
  return { kind, item, name, excludedRole: '', fields };
}

/** The field, if it is other than before. */
export function textField(field: string, from: string, to: string): FieldChange[] {
  return from === to ? [] : [{ field, from, to, added: [], removed: [] }];
}

/** The list, if something is new in it or gone. */
export function listField(field: string, from: readonly string[], to: readonly string[]): FieldChange[] {
  const [before, after] = [new Set(from), new Set(to)];
  const added = to.filter((each) => !before.has(each)).sort();
  const removed = from.filter((each) => !after.has(each)).sort();
  return added.length + removed.length === 0 ? [] : [{ field, from: '', to: '', added, removed }];
}

/** Changes of one kind of thing in the order of names. */
export function sortedChanges(changes: readonly PolicyChange[]): PolicyChange[] {
  const keyed = changes.map((change) => ({ change, key: `${change.name} ${change.excludedRole}` }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ change }) => change);
}
