import { canonicalAddress } from '@gatehouse/verify';
import { type FieldViolation, GatehouseError } from '../gatehouse-error.ts';
import { isPermission, isScope } from '../policy/index.ts';
import type { PermissionContext, PermissionQuestion } from './permission-question.ts';

/** The limits of CheckContext. */
const LEVEL_MAX = 255;
const VALUES_MAX = 256;
const DEPTH_MAX = 8;
const CHARACTERS_MAX = 1_024;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * What is wrong with a question by the limits of the contract; undefined when nothing is. Held to them here as well, because
 * a question that is answered from memory meets no others, and one that breaks them would fail all in its batch.
 */
export function questionProblem({
  userId,
  permission,
  resource,
  context,
}: PermissionQuestion): FieldViolation | undefined {
  if (typeof userId !== 'string' || !UUID.test(userId))
    return { field: 'user_id', description: 'must be a UUID in lower case' };
  if (typeof permission !== 'string' || !isPermission(permission)) {
    return { field: 'permission', description: 'must be resource:action' };
  }
  if (!isResource(resource)) return { field: 'resource', description: 'must be a path of types and ids' };
  return context && contextProblem(context);
}

/** Whether it names a resource, or is absent. */
export function isResource(resource: string | undefined): boolean {
  return resource === undefined || (typeof resource === 'string' && isScope(resource));
}

/** What is wrong with a context; undefined when nothing is. */
export function contextProblem(context: PermissionContext): FieldViolation | undefined {
  const { ip = '', authenticationLevel = 0, resourceAttributes, attributes } = context;
  if (typeof ip !== 'string' || (ip !== '' && canonicalAddress(ip) === undefined)) {
    return { field: 'context.ip', description: 'must be an IP address' };
  }
  if (!(Number.isInteger(authenticationLevel) && authenticationLevel >= 0 && authenticationLevel <= LEVEL_MAX)) {
    return { field: 'context.authentication_level', description: `must be from 0 to ${LEVEL_MAX}` };
  }
  return (
    attributesProblem('context.resource_attributes', resourceAttributes) ??
    attributesProblem('context.attributes', attributes)
  );
}

/** The error of a question that breaks a limit. */
export function questionInvalid(problem: FieldViolation): GatehouseError {
  return new GatehouseError('INVALID_ARGUMENT', 'FIELD_INVALID', `${problem.field} ${problem.description}.`, {
    fields: [problem],
  });
}

function attributesProblem(field: string, attributes: unknown): FieldViolation | undefined {
  if (attributes === undefined) return undefined;
  if (!isPlain(attributes)) return { field, description: 'must be an object' };
  let values = 0;
  const visit = (holder: object, depth: number): string | undefined => {
    const isList = Array.isArray(holder);
    // Holes of a list are values that JSON does not have.
    for (const [key, value] of isList ? [...holder].entries() : Object.entries(holder)) {
      values += 1;
      if (values > VALUES_MAX) return `must hold at most ${VALUES_MAX} values`;
      if (depth > DEPTH_MAX) return `must not be nested more than ${DEPTH_MAX} deep`;
      if (typeof key === 'string' && !isText(key)) return 'must not hold such a key';
      const problem = valueProblem(value) ?? (isHolder(value) ? visit(value, depth + 1) : undefined);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  const description = visit(attributes, 1);
  return description === undefined ? undefined : { field, description };
}

function valueProblem(value: unknown): string | undefined {
  if (typeof value === 'string')
    return isText(value) ? undefined : `must hold texts of at most ${CHARACTERS_MAX} characters`;
  if (value === null || typeof value === 'boolean' || isHolder(value)) return undefined;
  return Number.isFinite(value) ? undefined : 'must hold values of JSON only';
}

function isHolder(value: unknown): value is object {
  return Array.isArray(value) || isPlain(value);
}

/** Of an object of another kind, such as a Date, the service would be told something else than conditions see here. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Code points are at most UTF-16 units, so most texts are judged without being walked. Half a character can't be sent. */
function isText(text: string): boolean {
  const isShort = text.length <= CHARACTERS_MAX || [...text].length <= CHARACTERS_MAX;
  return isShort && !text.includes('\0') && text.isWellFormed();
}
