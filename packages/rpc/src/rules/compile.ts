import { type DescField, type DescMessage, type DescOneof, getOption, hasOption, ScalarType } from '@bufbuild/protobuf';
import type { DescriptorImage } from '../descriptor-image.ts';
import { addressCheck } from './addresses.ts';
import { checkItems, checkOne, checkSize } from './items.ts';
import { bytesChecks, numberChecks, type Rules, stringChecks, type ValueCheck } from './scalars.ts';
import { structChecks } from './struct.ts';
import type { Violations } from './violations.ts';

/** Adds what is wrong with a message to `violations`; `path` is where the message stands, with a trailing dot. */
export type Validate = (message: unknown, path: string, violations: Violations) => void;

/** What google.protobuf.Timestamp can stand for. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

type FieldCheck = (message: Record<string, unknown>, path: string, violations: Violations) => void;

/** Compiles the limits that a message type declares (gatehouse.options.v1.rules) into one function. */
export function compileRules(image: DescriptorImage, typeName: string): Validate {
  const compiled = new Map<string, Validate>();
  const compile = (message: DescMessage): Validate => {
    const known = compiled.get(message.typeName);
    if (known) return known;
    let checks: FieldCheck[] = [];
    const validate: Validate = (value, path, violations) => {
      for (const check of checks) check(value as Record<string, unknown>, path, violations);
    };
    // Known before its fields are compiled, so that a type may hold itself.
    compiled.set(message.typeName, validate);
    checks = [
      ...message.fields.flatMap((field) => fieldCheck(field, rulesOf(image, field), compile) ?? []),
      ...message.oneofs.filter(({ fields }) => fields.every((field) => rulesOf(image, field).required)).map(oneofCheck),
    ];
    return validate;
  };
  return compile(image.message(typeName));
}

function rulesOf(image: DescriptorImage, field: DescField): Rules {
  return hasOption(field, image.rules) ? (getOption(field, image.rules) as Rules) : {};
}

function fieldCheck(
  field: DescField,
  rules: Rules,
  compile: (message: DescMessage) => Validate,
): FieldCheck | undefined {
  if (rules.ip) return addressCheck(field, rules);
  const check = valueCheck(field, rules, compile);
  if (!check) return undefined;
  const { name, localName } = field;
  if (field.oneof) {
    const group = field.oneof.localName;
    return (message, path, violations) => {
      const chosen = message[group] as { $case: string; value: unknown } | undefined;
      if (chosen?.$case === localName) check(chosen.value, path + name, violations);
    };
  }
  return (message, path, violations) => {
    const value = message[localName];
    // A field with presence that is not set has nothing to check; messages say for themselves whether they are required.
    if (value !== undefined || field.fieldKind === 'message') check(value, path + name, violations);
    else if (rules.required) violations.push({ field: path + name, description: 'is required', reason: 'REQUIRED' });
  };
}

/** A oneof all of whose members are required must have one of them. */
function oneofCheck({ name, localName }: DescOneof): FieldCheck {
  return (message, path, violations) => {
    if (message[localName] !== undefined) return;
    violations.push({ field: path + name, description: 'is required', reason: 'REQUIRED' });
  };
}

function valueCheck(
  field: DescField,
  rules: Rules,
  compile: (message: DescMessage) => Validate,
): ValueCheck | undefined {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarCheck(field.scalar, rules);
    case 'enum':
      return enumCheck(new Set(field.enum.values.map(({ number }) => number)), rules);
    case 'message':
      return messageCheck(field.message, rules, compile);
    case 'list':
      return listCheck(field, rules, compile);
    case 'map':
      return mapCheck(field, rules, compile);
  }
}

function scalarCheck(type: ScalarType, rules: Rules): ValueCheck | undefined {
  if (type === ScalarType.STRING) return rules.credential ? undefined : stringChecks(rules);
  if (type === ScalarType.BYTES) return bytesChecks(rules);
  if (type === ScalarType.BOOL) return undefined;
  return numberChecks(rules);
}

function enumCheck(known: ReadonlySet<number>, rules: Rules): ValueCheck {
  return (value, field, violations) => {
    if (value === 0) {
      if (rules.required) violations.push({ field, description: 'is required', reason: 'REQUIRED' });
    } else if (!known.has(value as number)) {
      violations.push({ field, description: 'is not a known value', reason: 'UNKNOWN_VALUE' });
    }
  };
}

function messageCheck(type: DescMessage, rules: Rules, compile: (message: DescMessage) => Validate): ValueCheck {
  if (type.typeName === 'google.protobuf.Struct') {
    const check = structChecks(rules);
    return (value, field, violations) => {
      if (value !== undefined) check(value, field, violations);
      else if (rules.required) violations.push({ field, description: 'is required', reason: 'REQUIRED' });
    };
  }
  const isTime = type.typeName === 'google.protobuf.Timestamp';
  const validate = isTime ? validTime : compile(type);
  return (value, field, violations) => {
    if (value !== undefined) validate(value, isTime || field === '' ? field : `${field}.`, violations);
    else if (rules.required) violations.push({ field, description: 'is required', reason: 'REQUIRED' });
  };
}

const validTime: Validate = (value, field, violations) => {
  const ms = value instanceof Date ? value.getTime() : Number.NaN;
  if (!(ms >= EARLIEST_MS && ms <= LATEST_MS)) {
    violations.push({ field, description: 'is not a time of the years 1 to 9999', reason: 'TIME' });
  }
};

function listCheck(
  field: DescField & { fieldKind: 'list' },
  rules: Rules,
  compile: (message: DescMessage) => Validate,
): ValueCheck {
  const item = itemCheck(field, rules, compile);
  return (value, path, violations) => {
    const items = value as readonly unknown[];
    checkSize(items.length, rules, 'items', path, violations);
    if (rules.maxItems && items.length > rules.maxItems) return;
    if (rules.unique && new Set(items).size !== items.length) {
      violations.push({ field: path, description: 'holds an item twice', reason: 'UNIQUE' });
    }
    if (item) checkItems(item, items, path, violations);
  };
}

function itemCheck(
  field: DescField & { fieldKind: 'list' },
  rules: Rules,
  compile: (message: DescMessage) => Validate,
): ValueCheck | undefined {
  // `required` speaks of the list; an item always has a value.
  const perItem = { ...rules, required: false };
  if (field.listKind === 'message') return messageCheck(field.message, perItem, compile);
  if (field.listKind === 'enum') return enumCheck(new Set(field.enum.values.map(({ number }) => number)), perItem);
  return scalarCheck(field.scalar, { ...perItem, item: true });
}

function mapCheck(
  field: DescField & { fieldKind: 'map' },
  rules: Rules,
  compile: (message: DescMessage) => Validate,
): ValueCheck {
  const key = stringChecks({ ...(rules.maxKeyLen ? { maxLen: rules.maxKeyLen } : {}) });
  const value =
    field.mapKind === 'message'
      ? messageCheck(field.message, {}, compile)
      : field.mapKind === 'scalar' && field.scalar === ScalarType.STRING
        ? stringChecks({ ...(rules.maxValueLen ? { maxLen: rules.maxValueLen } : {}) })
        : undefined;
  return (entries, path, violations) => {
    const pairs = Object.entries(entries as Record<string, unknown>);
    checkSize(pairs.length, rules, 'entries', path, violations);
    if (rules.maxItems && pairs.length > rules.maxItems) return;
    for (let index = 0; index < pairs.length; index += 1) {
      const [name, each] = pairs[index] as [string, unknown];
      checkOne(key, name, path, index, '.key', violations);
      if (value) checkOne(value, each, path, index, '.value', violations);
    }
  };
}
