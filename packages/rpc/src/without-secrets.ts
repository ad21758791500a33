import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';

type Message = Readonly<Record<string, unknown>>;
type Change = (message: Record<string, unknown>) => void;

/** Copies a message without what is secret in it. */
export type WithoutSecrets = (message: unknown) => unknown;

/**
 * Compiles what leaves the fields empty that the proto marks with debug_redact, wherever in the message they stand. A message
 * that can hold none is passed through. Throws when a field is marked that can't be left empty.
 */
export function compileWithoutSecrets(type: DescMessage): WithoutSecrets {
  const compiled = new Map<string, WithoutSecrets>();
  const compile = (message: DescMessage): WithoutSecrets => {
    const known = compiled.get(message.typeName);
    if (known) return known;
    let changes: Change[] = [];
    const copy: WithoutSecrets = (value) => {
      // What is encoded can't be looked into any more.
      if (Buffer.isBuffer(value)) throw new Error(`A ${message.typeName} that may hold secrets is encoded already.`);
      const copied = { ...(value as Message) };
      for (const change of changes) change(copied);
      return copied;
    };
    // Known before its fields are compiled, so that a type may hold itself.
    compiled.set(message.typeName, copy);
    changes = message.fields.flatMap((field) => changeOf(field, compile) ?? []);
    return copy;
  };
  return holdsSecrets(type) ? compile(type) : (message) => message;
}

function changeOf(field: DescField, compile: (message: DescMessage) => WithoutSecrets): Change | undefined {
  const change = valueChange(field, compile);
  if (!change) return undefined;
  const { localName, oneof } = field;
  if (!oneof) {
    return (message) => {
      message[localName] = change(message[localName]);
    };
  }
  return (message) => {
    const chosen = message[oneof.localName] as { readonly $case: string; readonly value: unknown } | undefined;
    if (chosen?.$case === localName) message[oneof.localName] = { ...chosen, value: change(chosen.value) };
  };
}

function valueChange(
  field: DescField,
  compile: (message: DescMessage) => WithoutSecrets,
): ((value: unknown) => unknown) | undefined {
  if (isSecret(field)) {
    const empty = emptyOf(field);
    return () => empty;
  }
  if (!field.message || !holdsSecrets(field.message)) return undefined;
  const inner = compile(field.message);
  switch (field.fieldKind) {
    case 'message':
      return (value) => value && inner(value);
    case 'list':
      return (values) => (values as readonly unknown[]).map(inner);
    default:
      throw new Error(`${field.toString()}: a map whose values hold secrets can not be kept.`);
  }
}

function emptyOf(field: DescField): unknown {
  if (field.fieldKind === 'list') return [];
  if (field.fieldKind === 'message') return undefined;
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING) return '';
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.BYTES) return Buffer.alloc(0);
  throw new Error(`${field.toString()} is marked with debug_redact, and is no text, bytes, list or message.`);
}

function isSecret(field: DescField): boolean {
  return field.proto.options?.debugRedact === true;
}

/** Whether a field that is marked stands somewhere inside. */
function holdsSecrets(message: DescMessage, seen = new Set<string>()): boolean {
  if (seen.has(message.typeName)) return false;
  seen.add(message.typeName);
  return message.fields.some((field) => isSecret(field) || (field.message && holdsSecrets(field.message, seen)));
}
