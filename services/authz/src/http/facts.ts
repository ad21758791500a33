import { isIP } from 'node:net';
import type { FieldViolation } from '@gatehouse/failure';
import { structChecks } from '@gatehouse/rpc';
import type { Asked } from '../domain/question.ts';
import type { Entity } from './entities.ts';
import { type Members, memberAt, type Reading } from './reading.ts';

/** What conditions may look at. */
export type Facts = Pick<Asked, 'ip' | 'authenticationLevel' | 'resourceAttributes' | 'attributes'>;

/** The limits of Check's context: what a condition may cost is bounded for these. */
const checkLimits = structChecks({ maxItems: 256, maxDepth: 8, maxKeyLen: 1024, maxValueLen: 1024 });
const LEVEL_MAX = 255;
/** Where conditions find the properties of subject and action: `context.subject_properties.department`. */
const SUBJECT_PROPERTIES = 'subject_properties';
const ACTION_PROPERTIES = 'action_properties';

const NOTHING: Members = {};
const NO_ATTRIBUTES: Members = { [SUBJECT_PROPERTIES]: NOTHING, [ACTION_PROPERTIES]: NOTHING };

/**
 * Reads what a request says for conditions: the properties of its entities, those of the subject and the action beside the
 * context, and of the subject's the address and the level of authentication.
 */
export function readFacts(
  reading: Reading,
  request: Members,
  { subject, action, resource }: { readonly subject: Entity; readonly action?: Entity; readonly resource?: Entity },
): Facts {
  const context = reading.optionalObject(request, 'context');
  const ofSubject = reading.optionalObject(subject.members, 'subject.properties');
  const ofAction = action && reading.optionalObject(action.members, 'action.properties');
  const ofResource = resource && reading.optionalObject(resource.members, 'resource.properties');
  for (const name of [SUBJECT_PROPERTIES, ACTION_PROPERTIES]) {
    if (context && Object.hasOwn(context, name)) reading.refuse(`context.${name}`, 'is a name that is taken');
  }
  const attributes =
    context || ofSubject || ofAction
      ? { ...context, [SUBJECT_PROPERTIES]: ofSubject ?? NOTHING, [ACTION_PROPERTIES]: ofAction ?? NOTHING }
      : NO_ATTRIBUTES;
  limit(reading, 'context (with the properties of subject and action)', attributes);
  if (ofResource) limit(reading, 'resource.properties', ofResource);
  return {
    ip: ofSubject ? readAddress(reading, ofSubject) : '',
    authenticationLevel: ofSubject ? readLevel(reading, ofSubject) : 0,
    resourceAttributes: ofResource ?? NOTHING,
    attributes,
  };
}

function limit(reading: Reading, field: string, values: Members): void {
  const violations: FieldViolation[] = [];
  checkLimits(values, field, violations);
  for (const { description } of violations) reading.refuse(field, description);
}

function readAddress(reading: Reading, properties: Members): string {
  const path = 'subject.properties.ip_address';
  const value = memberAt(properties, path) ?? '';
  if (value === '' || (typeof value === 'string' && isIP(value) !== 0 && !value.includes('%'))) return value;
  reading.refuse(path, 'must be an IP address');
  return '';
}

function readLevel(reading: Reading, properties: Members): number {
  const path = 'subject.properties.authentication_level';
  const value = memberAt(properties, path) ?? 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LEVEL_MAX) return value;
  reading.refuse(path, `must be a whole number from 0 to ${LEVEL_MAX}`);
  return 0;
}
