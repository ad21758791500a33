import { isObject, type Members, memberAt, type Reading } from './reading.ts';

/** Most evaluations of one request: as many as BatchCheck takes. */
const EVALUATIONS_MAX = 500;

/** Members for which those beside `evaluations` are the defaults, and of which parts can be left to the default. */
const ENTITIES = { subject: ['type', 'id'], action: ['name'], resource: ['type', 'id'] } as const;

/**
 * Reads the evaluations of a request, each with the defaults that it leaves things to (AuthZEN, section 7.1.1); undefined
 * stands for one that is no object. An entity of an evaluation takes the place of the default, but for what it has to have
 * and lacks.
 */
export function readItems(reading: Reading, request: Members): readonly (Members | undefined)[] {
  const items: unknown = memberAt(request, 'evaluations') ?? [];
  if (!Array.isArray(items)) {
    reading.refuse('evaluations', 'must be a list');
    return [];
  }
  if (items.length > EVALUATIONS_MAX) reading.refuse('evaluations', `must hold at most ${EVALUATIONS_MAX} items`);
  // Without any, they are no defaults, but the evaluation itself.
  if (items.length > 0) for (const name of [...Object.keys(ENTITIES), 'context']) reading.optionalObject(request, name);
  return items.slice(0, EVALUATIONS_MAX).map((item) => withDefaults(item, request));
}

function withDefaults(item: unknown, defaults: Members): Members | undefined {
  if (!isObject(item)) return undefined;
  const whole: Record<string, unknown> = { context: item.context ?? defaults.context };
  for (const [name, parts] of Object.entries(ENTITIES)) {
    const [own, other] = [item[name], defaults[name]];
    whole[name] = isObject(own) && isObject(other) ? filled(own, other, parts) : (own ?? other);
  }
  return whole;
}

function filled(own: Members, other: Members, parts: readonly string[]): Members {
  return { ...own, ...Object.fromEntries(parts.map((part) => [part, own[part] ?? other[part]])) };
}
