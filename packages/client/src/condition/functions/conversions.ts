import { isUtf8 } from 'node:buffer';
import type { Overload, TypeName } from '../overload.ts';
import { type Address, Failed, type Network, type Timestamp, Uint, type Value } from '../values.ts';
import { formatAddress, formatNetwork } from './address-text.ts';
import { failedOn, problemOf } from './failures.ts';
import {
  doubleToInt,
  doubleToUint,
  formatDouble,
  INT_MAX,
  NO_INT,
  NO_UINT,
  parseDouble,
  parseInt64,
  parseUint64,
} from './number-text.ts';
import { toTimestamp } from './time-arithmetic.ts';
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp } from './times-text.ts';

const TIMESTAMP_STEPS = 50;
const DURATION_STEPS = 60;
/** What it takes to write a number, a time or an address. */
const WRITING_STEPS = 20;

/** What a whole number takes that is made of a double. */
const ROUNDING_STEPS = 3;
/** What it takes to begin with bytes, however few. */
const BYTES_STEPS = 4;

const NOT_UTF8 = new Failed('The bytes are not UTF-8');
const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
]);

/** Conversions between types, each called by the name of the type that it makes. */
export const CONVERSIONS: readonly Overload[] = [
  same('int'),
  conversion('int', 'uint', ({ value }: Uint) => (value > INT_MAX ? NO_INT : value)),
  conversion('int', 'double', doubleToInt, () => ROUNDING_STEPS),
  conversion('int', 'string', parseInt64, readSteps),
  conversion('int', 'timestamp', ({ seconds }: Timestamp) => BigInt(seconds)),
  same('uint'),
  conversion('uint', 'int', (value: bigint) => (value < 0n ? NO_UINT : new Uint(value))),
  conversion(
    'uint',
    'double',
    (value: number) => toUint(doubleToUint(value)),
    () => ROUNDING_STEPS,
  ),
  conversion('uint', 'string', (text: string) => toUint(parseUint64(text)), readSteps),
  same('double'),
  conversion('double', 'int', Number),
  conversion('double', 'uint', ({ value }: Uint) => Number(value)),
  conversion('double', 'string', parseDouble, readSteps),
  same('string'),
  conversion('string', 'bool', String),
  conversion('string', 'int', String),
  conversion('string', 'uint', ({ value }: Uint) => String(value)),
  conversion('string', 'double', formatDouble, () => WRITING_STEPS),
  conversion('string', 'bytes', decode, (bytes: Uint8Array) => BYTES_STEPS + (bytes.length >> 2)),
  conversion('string', 'timestamp', formatTimestamp, () => WRITING_STEPS),
  conversion('string', 'duration', formatDuration, () => WRITING_STEPS),
  conversion(
    'string',
    'ip',
    (address: Address) => formatAddress(address),
    () => WRITING_STEPS,
  ),
  conversion(
    'string',
    'cidr',
    (network: Network) => formatNetwork(network),
    () => WRITING_STEPS,
  ),
  same('bool'),
  conversion('bool', 'string', (text: string) => BOOLS.get(text) ?? failedOn('Neither true nor false', text)),
  same('bytes'),
  conversion(
    'bytes',
    'string',
    (text: string) => Buffer.from(text, 'utf8'),
    (text: string) => BYTES_STEPS + (text.length >> 1),
  ),
  same('timestamp'),
  conversion('timestamp', 'int', (seconds: bigint) => toTimestamp(Number(seconds), 0)),
  written(conversion('timestamp', 'string', parseTimestamp, () => TIMESTAMP_STEPS)),
  same('duration'),
  written(conversion('duration', 'string', parseDuration, () => DURATION_STEPS)),
  { ...same('dyn'), result: 'dyn' },
];

function same(type: TypeName): Overload {
  return conversion(type, type, (value: Value) => value);
}

function conversion(
  to: TypeName,
  from: TypeName,
  call: (value: never) => Value | Failed,
  cost?: (value: never) => number,
): Overload {
  return { name: to, isMethod: false, parameters: [from], result: to, call, ...(cost && { cost }) };
}

/** The same for a text that is looked at when it is written down. */
function written(overload: Overload): Overload {
  const call = overload.call as (text: string) => Value | Failed;
  return {
    ...overload,
    checkLiteral: (_index, value) => (typeof value === 'string' ? problemOf(call(value)) : undefined),
  };
}

function toUint(value: bigint | Failed): Uint | Failed {
  return value instanceof Failed ? value : new Uint(value);
}

function decode(bytes: Uint8Array): string | Failed {
  if (!isUtf8(bytes)) return NOT_UTF8;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function readSteps(text: string): number {
  return text.length >> 2;
}
