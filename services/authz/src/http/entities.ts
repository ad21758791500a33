import { isScope } from '@gatehouse/client/policy';
import { isUuid } from '@gatehouse/process';
import { typeOf } from '../domain/resource-type.ts';
import type { Members, Reading } from './reading.ts';

/** Who may be asked about. Both are users to roles and grants, and no id is that of one of each. */
const SUBJECT_TYPES = ['user', 'service_account'];
/** One side of a permission. */
const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/;
const NAME_FORM = 'must have 1 to 63 small letters, digits, ".", "-" or "_", and begin with a letter or a digit';

/** A subject, action or resource as it came, which may have `properties`. */
export interface Entity {
  readonly members: Members;
}

/** Reads the type of the subject (AuthZEN, section 5.1). */
export function readSubjectType(reading: Reading, request: Members): Entity & { readonly type: string } {
  const members = reading.object(request, 'subject');
  const type = reading.text(members, 'subject.type');
  if (type !== '' && !SUBJECT_TYPES.includes(type)) {
    reading.doubt('subject.type', `must be ${SUBJECT_TYPES.map((each) => `"${each}"`).join(' or ')}`);
  }
  return { members, type };
}

/** Reads the subject. */
export function readSubject(reading: Reading, request: Members): Entity & { readonly userId: string } {
  const { members } = readSubjectType(reading, request);
  const userId = reading.text(members, 'subject.id');
  if (userId !== '' && !isUuid(userId)) reading.doubt('subject.id', 'must be a UUID in lower case');
  return { members, userId };
}

/** Reads the action (AuthZEN, section 5.3). */
export function readAction(reading: Reading, request: Members): Entity & { readonly name: string } {
  const members = reading.object(request, 'action');
  const name = reading.text(members, 'action.name');
  if (name !== '' && !NAME.test(name)) reading.doubt('action.name', NAME_FORM);
  return { members, name };
}

/** Reads the type of the resource (AuthZEN, section 5.2). */
export function readResourceType(reading: Reading, request: Members): Entity & { readonly type: string } {
  const members = reading.object(request, 'resource');
  const type = reading.text(members, 'resource.type');
  if (type !== '' && !NAME.test(type)) reading.doubt('resource.type', NAME_FORM);
  return { members, type };
}

/** Reads the resource. Its path is its type and id, or its id where that is a path that ends in the type and an id. */
export function readResource(
  reading: Reading,
  request: Members,
): Entity & { readonly type: string; readonly path: string } {
  const { members, type } = readResourceType(reading, request);
  const id = reading.text(members, 'resource.id');
  const path = id.includes('/') ? id : `${type}/${id}`;
  if (id !== '' && NAME.test(type) && !(isScope(path) && typeOf(path) === type)) {
    reading.doubt('resource.id', 'must be an id, or a path of types and ids that ends in the type and an id');
  }
  return { members, type, path };
}

/** The id of the resource that a scope names, by which it can be asked about: plain, or the path where it has parents. */
export function resourceIdOf(scope: string): string {
  const parts = scope.split('/');
  return parts.length === 2 ? (parts[1] ?? '') : scope;
}
