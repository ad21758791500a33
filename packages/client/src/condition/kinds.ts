import type { TypeName } from './overload.ts';
import { Address, CelMap, Duration, Failed, Network, Timestamp, TypeValue, Uint, type Value } from './values.ts';

/** What a value is, as overloads name it; `unknown` for what JSON does not have and no expression makes. */
export type Kind = Exclude<TypeName, 'dyn' | 'list<string>'> | 'unknown';

/** Kinds by prototype, which a key of JSON can't change. */
const KINDS: ReadonlyMap<object, Kind> = new Map<object, Kind>([
  [Uint.prototype, 'uint'],
  [Uint8Array.prototype, 'bytes'],
  [Buffer.prototype, 'bytes'],
  [Timestamp.prototype, 'timestamp'],
  [Duration.prototype, 'duration'],
  [Address.prototype, 'ip'],
  [Network.prototype, 'cidr'],
  [TypeValue.prototype, 'type'],
  [CelMap.prototype, 'map'],
]);

/** What an expression gives that needs the value of such a kind. */
export const NO_JSON: Failed = new Failed('It is given a value of a kind that JSON does not have');

export function kindOf(value: Value | undefined): Kind {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'object':
      return kindOfObject(value);
    default:
      return 'unknown';
  }
}

function kindOfObject(value: object | null): Kind {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return 'map';
  // A plain object of another realm has a prototype of its own, which has none.
  return KINDS.get(prototype) ?? (Object.getPrototypeOf(prototype) === null ? 'map' : 'unknown');
}

/** As CEL calls the type of a value: what `type(x)` gives. */
export const TYPE_NAMES: Readonly<Record<Kind, string>> = {
  null: 'null_type',
  bool: 'bool',
  int: 'int',
  uint: 'uint',
  double: 'double',
  string: 'string',
  bytes: 'bytes',
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
  ip: 'net.IP',
  cidr: 'net.CIDR',
  type: 'type',
  list: 'list',
  map: 'map',
  unknown: 'unknown',
};
