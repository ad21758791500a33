import {
  addDuration,
  addDurations,
  durationBetween,
  subtractDuration,
  subtractDurations,
} from './functions/time-arithmetic.ts';
import { order } from './order.ts';
import type { Overload, TypeName } from './overload.ts';
import { type Duration, Failed, type Timestamp, Uint, type Value } from './values.ts';

const INT_OVERFLOW = new Failed('The result is beyond the 64 bits of an int');
const UINT_OVERFLOW = new Failed('The result is beyond the 64 bits of a uint');
const BY_ZERO = new Failed('Division by zero');

/** What `+` and its kind, `<` and its kind, `!` and `-` take and give. */
export const OPERATORS: readonly Overload[] = [
  binary('+', 'int', 'int', 'int', (a: bigint, b: bigint) => int(a + b)),
  binary('-', 'int', 'int', 'int', (a: bigint, b: bigint) => int(a - b)),
  binary('*', 'int', 'int', 'int', (a: bigint, b: bigint) => int(a * b)),
  binary('/', 'int', 'int', 'int', (a: bigint, b: bigint) => (b === 0n ? BY_ZERO : int(a / b))),
  binary('%', 'int', 'int', 'int', (a: bigint, b: bigint) => (b === 0n ? BY_ZERO : a % b)),

  binary('+', 'uint', 'uint', 'uint', (a: Uint, b: Uint) => uint(a.value + b.value)),
  binary('-', 'uint', 'uint', 'uint', (a: Uint, b: Uint) => uint(a.value - b.value)),
  binary('*', 'uint', 'uint', 'uint', (a: Uint, b: Uint) => uint(a.value * b.value)),
  binary('/', 'uint', 'uint', 'uint', (a: Uint, b: Uint) => (b.value === 0n ? BY_ZERO : uint(a.value / b.value))),
  binary('%', 'uint', 'uint', 'uint', (a: Uint, b: Uint) => (b.value === 0n ? BY_ZERO : uint(a.value % b.value))),

  binary('+', 'double', 'double', 'double', (a: number, b: number) => a + b),
  binary('-', 'double', 'double', 'double', (a: number, b: number) => a - b),
  binary('*', 'double', 'double', 'double', (a: number, b: number) => a * b),
  binary('/', 'double', 'double', 'double', (a: number, b: number) => a / b),

  binary('+', 'string', 'string', 'string', (a: string, b: string) => a + b, perSixteenth),
  binary('+', 'bytes', 'bytes', 'bytes', (a: Uint8Array, b: Uint8Array) => joinedBytes(a, b), perSixteenth),
  binary('+', 'list', 'list', 'list', (a: readonly Value[], b: readonly Value[]) => a.concat(b), perItem),

  binary('+', 'timestamp', 'duration', 'timestamp', addDuration),
  binary('+', 'duration', 'timestamp', 'timestamp', (a: Duration, b: Timestamp) => addDuration(b, a)),
  binary('-', 'timestamp', 'duration', 'timestamp', subtractDuration),
  binary('-', 'timestamp', 'timestamp', 'duration', durationBetween),
  binary('+', 'duration', 'duration', 'duration', addDurations),
  binary('-', 'duration', 'duration', 'duration', subtractDurations),

  unary('!', 'bool', (a: boolean) => !a),
  unary('-', 'int', (a: bigint) => int(-a)),
  unary('-', 'double', (a: number) => -a),

  ...orders('<', (standing) => standing < 0),
  ...orders('<=', (standing) => standing <= 0),
  ...orders('>', (standing) => standing > 0),
  ...orders('>=', (standing) => standing >= 0),
];

type Call = Overload['call'];

function binary(
  name: string,
  left: TypeName,
  right: TypeName,
  result: TypeName,
  call: Call,
  cost?: NonNullable<Overload['cost']>,
): Overload {
  return { name, isMethod: false, parameters: [left, right], result, call, ...(cost && { cost }) };
}

function unary(name: string, operand: TypeName, call: Call): Overload {
  return { name, isMethod: false, parameters: [operand], result: operand, call };
}

/** Numbers are compared with numbers of every type, all else with its own. */
function orders(name: string, holds: (standing: number) => boolean): readonly Overload[] {
  const numbers: readonly TypeName[] = ['int', 'uint', 'double'];
  const others: readonly TypeName[] = ['bool', 'string', 'bytes', 'timestamp', 'duration'];
  const pairs = [
    ...numbers.flatMap((left) => numbers.map((right) => [left, right] as const)),
    ...others.map((type) => [type, type] as const),
  ];
  const call = (a: Value, b: Value) => holds(order(a, b) ?? Number.NaN);
  return pairs.map(([left, right]) => binary(name, left, right, 'bool', call));
}

function int(value: bigint): bigint | Failed {
  return BigInt.asIntN(64, value) === value ? value : INT_OVERFLOW;
}

function uint(value: bigint): Uint | Failed {
  return BigInt.asUintN(64, value) === value ? new Uint(value) : UINT_OVERFLOW;
}

function perSixteenth(a: string | Uint8Array, b: string | Uint8Array): number {
  return (a.length + b.length) / 16;
}

function perItem(a: readonly Value[], b: readonly Value[]): number {
  return a.length + b.length;
}

function joinedBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a, 0);
  both.set(b, a.length);
  return both;
}
