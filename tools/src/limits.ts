import { type DescField, type DescMessage, type FileRegistry, ScalarType } from '@bufbuild/protobuf';
import { gatehouseServices, readDescriptors } from './descriptors.ts';
import { problemOf } from './field-problem.ts';
import { type FieldRules, readRules } from './field-rules.ts';
import { isBoundedPattern, patternError } from './pattern-bounds.ts';
import type { Problem } from './problem.ts';

/**
 * Checks that every string, bytes, list and map that a request can carry has a rule that bounds it, that patterns compile,
 * and that nothing holds a credential back. Throws when the descriptor image has not been generated.
 */
export async function checkLimits(root: string): Promise<Problem[]> {
  const registry = await readDescriptors(root);
  const problems = reachableMessages(registry).flatMap((message) =>
    message.fields.flatMap((field) =>
      fieldProblems(field, readRules(registry, field)).map((text) => ({ field, text })),
    ),
  );
  return Promise.all(problems.map(({ field, text }) => problemOf(root, field, text)));
}

/** Every message that is a request of a service of ours or stands somewhere inside one. */
function reachableMessages(registry: FileRegistry): DescMessage[] {
  const reached = new Set(gatehouseServices(registry).flatMap((service) => service.methods.map(({ input }) => input)));
  // A set that grows while it is walked visits what is added.
  for (const message of reached) {
    for (const { message: inner } of message.fields) if (inner && isOurs(inner)) reached.add(inner);
  }
  return [...reached];
}

function fieldProblems(field: DescField, rules: FieldRules): string[] {
  return [
    ...boundProblems(field, rules),
    ...(rules.pattern === '' ? [] : patternError(rules.pattern).map((error) => `has a bad pattern: ${error}`)),
  ];
}

function boundProblems(field: DescField, rules: FieldRules): string[] {
  const counted = field.fieldKind === 'list' || field.fieldKind === 'map';
  return [
    ...(counted && rules.maxItems === 0 ? [`is a ${field.fieldKind} without max_items`] : []),
    ...(field.fieldKind === 'map' ? mapProblems(field, rules) : valueProblems(field, rules)),
  ];
}

function mapProblems(field: DescField & { fieldKind: 'map' }, rules: FieldRules): string[] {
  return [
    ...(field.mapKey === ScalarType.STRING && rules.maxKeyLen === 0 ? ['has string keys without max_key_len'] : []),
    ...(field.scalar === ScalarType.STRING && rules.maxValueLen === 0
      ? ['has string values without max_value_len']
      : []),
    ...(field.scalar === ScalarType.BYTES ? ['has bytes as values, which no rule bounds'] : []),
    ...messageProblems(field.message),
  ];
}

function valueProblems(
  field: DescField & { fieldKind: 'list' | 'scalar' | 'enum' | 'message' },
  rules: FieldRules,
): string[] {
  if (field.scalar === ScalarType.STRING) {
    if (rules.credential) return credentialProblems(field, rules);
    const bounded = rules.maxLen > 0 || rules.uuid || rules.email || rules.ip || isBoundedPattern(rules.pattern);
    return bounded ? [] : ['is a string without a bound: max_len, uuid, email, ip, or a pattern without *, + and {n,}'];
  }
  if (rules.credential) return ['is a credential and no string'];
  if (field.scalar === ScalarType.BYTES) return rules.maxBytes > 0 ? [] : ['is bytes without max_bytes'];
  if (field.fieldKind === 'message' && field.message.typeName === STRUCT) return structProblems(rules);
  return messageProblems(field.message);
}

/** What an end user sends is bounded by the request alone: any rule about it would turn a bad one into a wrong field. */
function credentialProblems({ oneof }: DescField, rules: FieldRules): string[] {
  const { required, minLen, maxLen, pattern, uuid, email, ip } = rules;
  const isHeldBack = minLen > 0 || maxLen > 0 || pattern !== '' || uuid || email || ip || (required && !oneof);
  return isHeldBack ? ['is a credential with a rule that would hold a bad one back'] : [];
}

const STRUCT = 'google.protobuf.Struct';

function structProblems({ maxItems, maxDepth, maxKeyLen, maxValueLen }: FieldRules): string[] {
  const isBounded = [maxItems, maxDepth, maxKeyLen, maxValueLen].every((bound) => bound > 0);
  return isBounded ? [] : [`is a ${STRUCT} without all of max_items, max_depth, max_key_len and max_value_len`];
}

/** Messages of others that hold only numbers. Any other carries text that our rules cannot reach. */
const NUMBERS_ONLY = new Set(['google.protobuf.Timestamp', 'google.protobuf.Duration', 'google.protobuf.Empty']);

function messageProblems(message: DescMessage | undefined): string[] {
  if (message === undefined || isOurs(message) || NUMBERS_ONLY.has(message.typeName)) return [];
  return [`is a ${message.typeName}, whose fields no rule bounds`];
}

function isOurs(message: DescMessage): boolean {
  return message.typeName.startsWith('gatehouse.');
}
