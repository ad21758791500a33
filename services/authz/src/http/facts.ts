import { structChecks, Violations } from '@gatehouse/rpc';
import { canonicalAddress } from '@gatehouse/verify';
import type { Asked } from '../domain/question.ts';
import type { Entity } from './entities.ts';
import type { Members, Reading } from './reading.ts';

/** What conditions may look at. */
export type Facts = Pick<Asked, 'ip' | 'authenticationLevel' | 'resourceAttributes' | 'attributes'>;

/** Why something of the facts is not known: a property with a meaning here has another one with the caller. */
export interface Unknown {
  /** A sentence; empty: all is known. */
  readonly unknown: string;
}

/** The limits of Check's context: what a condition may cost is bounded for these. */
const checkLimits = structChecks({ maxItems: 256, maxDepth: 8, maxKeyLen: 1024, maxValueLen: 1024 });
const LEVEL_MAX = 255;
const NO_ADDRESS = 'subject.properties.ip_address is no IP address.';
const NO_LEVEL = `subject.properties.authentication_level is no whole number from 0 to ${LEVEL_MAX}.`;
/** Where conditions find the properties of subject and action: `context.subject_properties.department`. */
const SUBJECT_PROPERTIES = 'subject_properties';
const ACTION_PROPERTIES = 'action_properties';

const NOTHING: Members = {};
const NO_ATTRIBUTES: Members = { [SUBJECT_PROPERTIES]: NOTHING, [ACTION_PROPERTIES]: NOTHING };

/**
 * Reads what a request says for conditions: the properties of its entities, those of the subject and the action beside the
 * context, and of the subject's the address and the level of authentication. Properties are free-form: one of those two
 * that is something else is not known.
 */
export function readFacts(
  reading: Reading,
  request: Members,
  { subject, action, resource }: { readonly subject: Entity; readonly action?: Entity; readonly resource?: Entity },
): Facts & Unknown {
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
  const ip = ofSubject ? addressIn(ofSubject) : '';
  const level = ofSubject ? levelIn(ofSubject) : 0;
  return {
    ip: ip ?? '',
    authenticationLevel: level ?? 0,
    resourceAttributes: ofResource ?? NOTHING,
    attributes,
    unknown: ip === undefined ? NO_ADDRESS : level === undefined ? NO_LEVEL : '',
  };
}

function limit(reading: Reading, field: string, values: Members): void {
  const violations = new Violations();
  checkLimits(values, field, violations);
  for (const { description } of violations.named) reading.refuse(field, description);
}

/** Empty: there is none. undefined: it is something else. */
function addressIn({ ip_address: value }: Members): string | undefined {
  if (value === undefined || value === null || value === '') return '';
  return typeof value === 'string' ? canonicalAddress(value) : undefined;
}

/** 0: there is none. undefined: it is something else. */
function levelIn({ authentication_level: value }: Members): number | undefined {
  if (value === undefined || value === null) return 0;
  const isLevel = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LEVEL_MAX;
  return isLevel ? value : undefined;
}
