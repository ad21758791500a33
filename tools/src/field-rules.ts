import { type DescField, type FileRegistry, getOption, hasOption, type Message } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';

/** The rules of a field that bound what it can carry; what is not set is zero, empty or false. */
export interface FieldRules {
  readonly required: boolean;
  readonly minLen: number;
  readonly maxLen: number;
  readonly pattern: string;
  readonly uuid: boolean;
  readonly email: boolean;
  readonly ip: boolean;
  readonly maxBytes: number;
  readonly maxItems: number;
  readonly maxKeyLen: number;
  readonly maxValueLen: number;
  readonly maxDepth: number;
  readonly credential: boolean;
}

const RULES_EXTENSION = 'gatehouse.options.v1.rules';

/** Reads the rules that a field declares. Throws when the image lacks the extension: no field could have any. */
export function readRules(registry: FileRegistry, field: DescField): FieldRules {
  const extension = registry.getExtension(RULES_EXTENSION);
  if (extension?.message === undefined) throw new Error(`the descriptor image has no ${RULES_EXTENSION}`);
  const message = extension.message;
  // An extension whose type is a message has messages as its values; the registry only knows that at run time.
  const declared = hasOption(field, extension) ? reflect(message, getOption(field, extension) as Message) : undefined;
  const rule = (name: string): unknown => {
    const field = message.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`${message.typeName} has no rule ${name}`);
    return declared?.get(field);
  };
  const number = (name: string) => Number(rule(name) ?? 0);
  const flag = (name: string) => rule(name) === true;
  return {
    required: flag('required'),
    minLen: number('min_len'),
    maxLen: number('max_len'),
    pattern: String(rule('pattern') ?? ''),
    uuid: flag('uuid'),
    email: flag('email'),
    ip: flag('ip'),
    maxBytes: number('max_bytes'),
    maxItems: number('max_items'),
    maxKeyLen: number('max_key_len'),
    maxValueLen: number('max_value_len'),
    maxDepth: number('max_depth'),
    credential: flag('credential'),
  };
}
