import { canonicalScope, decodePart, encodeId, encodeName, isPermission, isScope } from '@gatehouse/client/policy';
import { isUuid } from '@gatehouse/process';
import { typeOf } from '../domain/resource-type.ts';
import type { Members, Reading } from './reading.ts';

/** Who may be asked about. Both are users to roles and grants, and no id is that of one of each. */
const SUBJECT_TYPES = ['user', 'service_account'];
/** What is too long, or no text that there can be, is the name of nothing here. */
const NAME_FORM = 'must be a text of at most 128 characters when it is percent-encoded';
const ID_FORM = 'must be an id of at most 256 characters when it is percent-encoded, or a path of types and ids';

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

/** Reads the subject. Its user is empty where nobody can be meant. */
export function readSubject(reading: Reading, request: Members): Entity & { readonly userId: string } {
  const { members, type } = readSubjectType(reading, request);
  const id = reading.text(members, 'subject.id');
  const userId = isUuid(id) ? id : '';
  if (id !== '' && userId === '') reading.doubt('subject.id', 'must be a UUID in lower case');
  return { members, userId: SUBJECT_TYPES.includes(type) ? userId : '' };
}

/** Reads the action (AuthZEN, section 5.3). Its name is as permissions have it. */
export function readAction(reading: Reading, request: Members): Entity & { readonly name: string } {
  const members = reading.object(request, 'action');
  return { members, name: readName(reading, members, 'action.name') };
}

/** Reads the type of the resource (AuthZEN, section 5.2). It is as permissions and scopes have it. */
export function readResourceType(reading: Reading, request: Members): Entity & { readonly type: string } {
  const members = reading.object(request, 'resource');
  return { members, type: readName(reading, members, 'resource.type') };
}

/** Reads the resource. Its path is its type and id, or its id where that is a path that ends in the type and an id. */
export function readResource(
  reading: Reading,
  request: Members,
): Entity & { readonly type: string; readonly path: string } {
  const { members, type } = readResourceType(reading, request);
  const id = reading.text(members, 'resource.id');
  if (id === '' || type === '') return { members, type, path: '' };
  const path = pathOf(type, id);
  if (path === undefined) reading.doubt('resource.id', ID_FORM);
  return { members, type, path: path ?? '' };
}

/** The id of the resource that a scope names, by which it can be asked about: plain, or the path where it has parents. */
export function resourceIdOf(scope: string): string {
  const [type = '', id = '', ...rest] = scope.split('/');
  if (rest.length > 0) return scope;
  const plain = decodePart(id);
  return plain !== undefined && pathOf(type, plain) === scope ? plain : scope;
}

function readName(reading: Reading, members: Members, path: string): string {
  const text = reading.text(members, path);
  if (text === '') return '';
  const name = encodeName(text);
  if (name !== undefined && isPermission(`${name}:${name}`)) return name;
  reading.doubt(path, NAME_FORM);
  return '';
}

/** The path of a resource; undefined: there can be none. `type` is as scopes have it. */
function pathOf(type: string, id: string): string | undefined {
  if (id.includes('/')) {
    const path = canonicalScope(id);
    if (path !== undefined && typeOf(path) === type) return path;
  }
  const path = `${type}/${encodeId(id) ?? ''}`;
  return isScope(path) ? path : undefined;
}
