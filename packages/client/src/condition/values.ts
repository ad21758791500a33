/**
 * What an expression works on. JSON that came with a question is taken as it is: its objects are never copied, their
 * own keys are the keys, and nothing of a prototype is ever looked at.
 *
 * | CEL | here |
 * |---|---|
 * | null, bool, string | `null`, `boolean`, `string` (UTF-16 without lone surrogates; lengths and offsets count code points) |
 * | int | `bigint` within 64 bits |
 * | uint | `Uint` |
 * | double | `number` |
 * | bytes | `Uint8Array` |
 * | list | array |
 * | map | `CelMap` where the expression made it, a plain object where it came as JSON |
 * | timestamp, duration | `Timestamp`, `Duration` |
 * | net.IP, net.CIDR | `Address`, `Network` |
 * | type | `TypeValue` |
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | Address
  | Network
  | TypeValue
  | CelMap
  | readonly Value[]
  | JsonObject;

export interface JsonObject {
  readonly [key: string]: Value;
}

/** An unsigned integer of 64 bits. */
export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z. */
export class Timestamp {
  /** Whole seconds since 1970, rounded down. */
  readonly seconds: number;
  /** What is to be added, 0 to 999,999,999. */
  readonly nanos: number;

  constructor(seconds: number, nanos: number) {
    this.seconds = seconds;
    this.nanos = nanos;
  }
}

/** A span of time of at most 315,576,000,000 seconds either way, as google.protobuf.Duration has it. */
export class Duration {
  /** Nanoseconds. */
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** An IP address: 4 bytes or 16. */
export class Address {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A range of IP addresses, as written: bits behind the prefix may be set. */
export class Network {
  readonly address: Address;
  readonly prefixLength: number;

  constructor(address: Address, prefixLength: number) {
    this.address = address;
    this.prefixLength = prefixLength;
  }
}

/** A type as a value, as `type(1)` and `int` are. */
export class TypeValue {
  /** As CEL names it: `int`, `google.protobuf.Timestamp`, `net.IP`. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What a map keeps a value under: the text, the bool or the whole number itself, so that 1, 1u and 1.0 are the same key. */
export type MapKey = string | boolean | bigint;

/** A map that an expression made. Its keys are what `keyOf` makes of them. */
export class CelMap {
  readonly entries: ReadonlyMap<MapKey, readonly [key: Value, value: Value]>;

  constructor(entries: ReadonlyMap<MapKey, readonly [key: Value, value: Value]>) {
    this.entries = entries;
  }
}

/**
 * Why an expression has no value. Functions return it and do not throw: an error is a value that `||`, `&&`, `?:` and
 * macros may absorb, and one that is thrown costs a hundred times more.
 */
export class Failed {
  /** A sentence without its full stop, which starts with a capital. At most 200 characters. */
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}
