import type { TypeName } from './overload.ts';

/** The type of an expression, as far as it is known before it runs. */
export type Type =
  | { readonly kind: Exclude<TypeName, 'list' | 'list<string>' | 'map'> }
  | { readonly kind: 'list'; readonly item: Type }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type };

export const DYN: Type = { kind: 'dyn' };
export const BOOL: Type = { kind: 'bool' };
export const INT: Type = { kind: 'int' };
export const STRING: Type = { kind: 'string' };
export const TIMESTAMP: Type = { kind: 'timestamp' };
/** What comes as JSON: its keys are texts. */
export const JSON_MAP: Type = { kind: 'map', key: STRING, value: DYN };

const NUMBERS: ReadonlySet<string> = new Set(['int', 'uint', 'double']);

/** What a parameter or a result of an overload says. */
export function typeNamed(name: TypeName): Type {
  if (name === 'list') return { kind: 'list', item: DYN };
  if (name === 'list<string>') return { kind: 'list', item: STRING };
  if (name === 'map') return { kind: 'map', key: DYN, value: DYN };
  return { kind: name };
}

/** What holds both: the one type that they have in common, with `dyn` where one of them is not known. undefined for none. */
export function joined(a: Type, b: Type): Type | undefined {
  if (a.kind === 'dyn' || b.kind === 'dyn') return DYN;
  if (a.kind === 'list' && b.kind === 'list') {
    const item = joined(a.item, b.item);
    return item && { kind: 'list', item };
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const [key, value] = [joined(a.key, b.key), joined(a.value, b.value)];
    return key && value && { kind: 'map', key, value };
  }
  return a.kind === b.kind ? a : undefined;
}

/** Whether values of the two can be equal. Numbers can, whatever their types. */
export function canEqual(a: Type, b: Type): boolean {
  if (a.kind === 'dyn' || b.kind === 'dyn') return true;
  if (a.kind === 'list' && b.kind === 'list') return canEqual(a.item, b.item);
  if (a.kind === 'map' && b.kind === 'map') return canEqual(a.key, b.key) && canEqual(a.value, b.value);
  return a.kind === b.kind || (NUMBERS.has(a.kind) && NUMBERS.has(b.kind));
}

/** Whether a parameter may take an expression of the type. What is not known until it runs may be taken by all. */
export function accepts(parameter: TypeName, type: Type): boolean {
  if (parameter === 'dyn' || type.kind === 'dyn') return true;
  if (parameter === 'list<string>') {
    return type.kind === 'list' && (type.item.kind === 'dyn' || type.item.kind === 'string');
  }
  return parameter === type.kind;
}

/** Whether every value of the type is one for the parameter, so that nothing is left to be looked at when it runs. */
export function alwaysFits(parameter: TypeName, type: Type): boolean {
  if (parameter === 'dyn') return true;
  if (parameter === 'list<string>') return type.kind === 'list' && type.item.kind === 'string';
  return parameter === type.kind;
}

/** `map<string, dyn>`. */
export function toText(type: Type): string {
  if (type.kind === 'list') return `list<${toText(type.item)}>`;
  if (type.kind === 'map') return `map<${toText(type.key)}, ${toText(type.value)}>`;
  return type.kind === 'null' ? 'null_type' : type.kind;
}
