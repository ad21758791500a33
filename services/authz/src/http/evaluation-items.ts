import { isObject, type Members, memberAt, type Reading } from './reading.ts';

/** Most evaluations of one request: as many as BatchCheck takes. */
const EVALUATIONS_MAX = 500;

/** Members for which those beside `evaluations` are the defaults. */
const DEFAULTED = ['subject', 'action', 'resource', 'context'] as const;

/**
 * Reads the evaluations of a request, each with the defaults that it leaves things to (AuthZEN, section 7.1.1); undefined
 * stands for one that is no object. What an evaluation has itself takes the place of the whole default: a resource that lacks
 * its id, or is null, is none, and not the one that others are about.
 */
export function readItems(reading: Reading, request: Members): readonly (Members | undefined)[] {
  const items: unknown = memberAt(request, 'evaluations') ?? [];
  if (!Array.isArray(items)) {
    reading.refuse('evaluations', 'must be a list');
    return [];
  }
  if (items.length > EVALUATIONS_MAX) reading.refuse('evaluations', `must hold at most ${EVALUATIONS_MAX} items`);
  // Without any, they are no defaults, but the evaluation itself.
  if (items.length > 0) for (const name of DEFAULTED) reading.optionalObject(request, name);
  return items.slice(0, EVALUATIONS_MAX).map((item) => withDefaults(item, request));
}

function withDefaults(item: unknown, defaults: Members): Members | undefined {
  if (!isObject(item)) return undefined;
  return Object.fromEntries(DEFAULTED.map((name) => [name, (Object.hasOwn(item, name) ? item : defaults)[name]]));
}
