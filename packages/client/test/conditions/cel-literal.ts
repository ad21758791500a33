import type { Value } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import { getTestRegistry } from '@bufbuild/cel-spec/testdata/registry.js';
import { isMessage } from '@bufbuild/protobuf';
import { anyUnpack, DurationSchema, TimestampSchema } from '@bufbuild/protobuf/wkt';

const NANOS = 1_000_000_000n;

/** A value of cel-spec's tests as it is written in CEL; undefined for a message, which policies do not have. */
export function literalOf({ kind }: Value): string | undefined {
  switch (kind.case) {
    case 'nullValue':
      return 'null';
    case 'boolValue':
    case 'int64Value':
    case 'typeValue':
      return String(kind.value);
    case 'uint64Value':
      return `${kind.value}u`;
    case 'doubleValue':
      return doubleLiteral(kind.value);
    case 'stringValue':
      return stringLiteral(kind.value);
    case 'bytesValue':
      return bytesLiteral(kind.value);
    case 'listValue':
      return allOf(kind.value.values.map(literalOf), (values) => `[${values.join(', ')}]`);
    case 'mapValue':
      return allOf(
        kind.value.entries.map(({ key, value }) => allOf([key && literalOf(key), value && literalOf(value)], toPair)),
        (entries) => `{${entries.join(', ')}}`,
      );
    case 'objectValue':
      return messageLiteral(anyUnpack(kind.value, getTestRegistry()));
    default:
      return undefined;
  }
}

/** The same as JSON has it, where every number is a double; undefined for what JSON does not have. */
export function jsonOf({ kind }: Value): unknown {
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'boolValue':
    case 'stringValue':
      return kind.value;
    case 'int64Value':
    case 'uint64Value':
    case 'doubleValue':
      return Number.isFinite(Number(kind.value)) && BigInt(Math.trunc(Number(kind.value))) === whole(kind.value)
        ? Number(kind.value)
        : undefined;
    case 'listValue':
      return allOf(kind.value.values.map(jsonOf), (values) => values);
    case 'mapValue':
      return allOf(
        kind.value.entries.map(({ key, value }) =>
          allOf(
            [key?.kind.case === 'stringValue' ? key.kind.value : undefined, value && jsonOf(value)],
            (entry) => entry,
          ),
        ),
        (entries) => Object.fromEntries(entries),
      );
    default:
      return undefined;
  }
}

export function stringLiteral(text: string): string {
  return JSON.stringify(text);
}

export function bytesLiteral(bytes: Uint8Array): string {
  return `b"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
}

export function doubleLiteral(value: number): string {
  if (Number.isNaN(value)) return '(0.0 / 0.0)';
  if (!Number.isFinite(value)) return value > 0 ? '(1.0 / 0.0)' : '(-1.0 / 0.0)';
  const text = Object.is(value, -0) ? '-0.0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function whole(value: bigint | number): bigint {
  return BigInt(typeof value === 'number' ? Math.trunc(value) : value);
}

function messageLiteral(message: unknown): string | undefined {
  if (isMessage(message, TimestampSchema)) {
    const seconds = new Date(Number(message.seconds) * 1000).toISOString().slice(0, 19);
    return `timestamp("${seconds}${fraction(message.nanos)}Z")`;
  }
  if (isMessage(message, DurationSchema)) {
    const nanos = message.seconds * NANOS + BigInt(message.nanos);
    const size = nanos < 0n ? -nanos : nanos;
    return `duration("${nanos < 0n ? '-' : ''}${size / NANOS}${fraction(Number(size % NANOS))}s")`;
  }
  return undefined;
}

function fraction(nanos: number): string {
  return nanos === 0 ? '' : `.${String(nanos).padStart(9, '0')}`;
}

function toPair([key, value]: readonly string[]): string {
  return `${key}: ${value}`;
}

function allOf<Part, Whole>(parts: readonly (Part | undefined)[], whole: (parts: Part[]) => Whole): Whole | undefined {
  return parts.includes(undefined) ? undefined : whole(parts as Part[]);
}
