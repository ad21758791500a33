import { ConditionError, compileCondition, isScope } from '@gatehouse/client/policy';
import { parseTime } from '@gatehouse/client/policy-file';
import { parseStrictJson, RequestRefused } from '@gatehouse/http/strict-json';
import { isUuid } from '@gatehouse/process';
import { GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { PortableGrant } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { z } from 'zod';

const REASON_CHARACTERS_MAX = 1_000;
const STATUS = {
  active: GrantStatus.GRANT_STATUS_ACTIVE,
  suspended: GrantStatus.GRANT_STATUS_SUSPENDED,
  pending: GrantStatus.GRANT_STATUS_PENDING,
} as const;
const WORD = new Map<GrantStatus, string>(Object.entries(STATUS).map(([word, status]) => [status, word]));

/** Why a line is no JSON that could be meant in one way only. */
const JSON_PROBLEMS: Readonly<Record<string, string>> = {
  JSON_NAME_REPEATED: 'The line names a key twice.',
  JSON_TOO_DEEP: 'The line is nested too deep.',
  JSON_NOT_UNICODE: 'The line has a text with half of a surrogate pair.',
};

const time = z.string().transform((value, context) => {
  const ms = parseTime(value);
  if (ms !== undefined) return new Date(ms);
  context.addIssue({ code: 'custom', message: 'has to be a time with its zone, such as 2026-03-01T09:00:00Z' });
  return z.NEVER;
});
// The service would refuse all that is sent together with such a text, or keep another one.
const text = z.string().refine(isText, 'has to be text, without U+0000 and halves of surrogate pairs');
const uuid = z.string().refine(isUuid, 'has to be a UUID in small letters');
const line = z
  .strictObject({
    user_id: uuid,
    role: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/, 'has to be the name of a role')
      .optional(),
    role_id: uuid.optional(),
    scope: z.string().refine(isScope, 'has to be pairs of type and id, such as tenant/7/project/42').default(''),
    valid_from: time.optional(),
    valid_until: time.optional(),
    condition: text
      .superRefine((source, context) => {
        const message = conditionProblem(source);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      })
      .default(''),
    reason: text
      .refine(
        (value) => [...value].length <= REASON_CHARACTERS_MAX,
        `has to have at most ${REASON_CHARACTERS_MAX} characters`,
      )
      .default(''),
    status: z.enum(['active', 'suspended', 'pending']).default('active'),
  })
  .refine((grant) => (grant.role === undefined) !== (grant.role_id === undefined), 'has to have role or role_id');

/** A grant, or what is wrong with its line. */
export type ReadGrant = { readonly grant: PortableGrant } | { readonly grant: undefined; readonly problem: string };

/** Reads a line of a file of grants: an object in JSON, with the keys that docs/policy.md describes. */
export function readGrant(text: string): ReadGrant {
  let json: unknown;
  try {
    json = parseStrictJson(text);
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    return { grant: undefined, problem: JSON_PROBLEMS[error.refusal.reason] ?? 'The line is not JSON.' };
  }
  const { success, data, error } = line.safeParse(json);
  if (!success) {
    const problems = error.issues.map(({ path, message }) => [...path.map(String), message].join(' '));
    return { grant: undefined, problem: `The grant is not valid: ${problems.join('; ')}.` };
  }
  const { user_id: userId, role: name, role_id: id = '', scope, condition, reason, status } = data;
  const role =
    name === undefined ? { $case: 'roleId' as const, value: id } : { $case: 'roleName' as const, value: name };
  const times = { validFrom: data.valid_from, validUntil: data.valid_until };
  return { grant: { userId, role, scope, ...times, condition, reason, status: STATUS[status] } };
}

/** The line of a grant. What is empty is left out. */
export function formatGrant(grant: PortableGrant): string {
  const { userId, role, scope, validFrom, validUntil, condition, reason, status } = grant;
  const word = WORD.get(status);
  const json = JSON.stringify({
    user_id: userId,
    ...(role?.$case === 'roleId' ? { role_id: role.value } : { role: role?.value }),
    ...(scope === '' ? {} : { scope }),
    ...(validFrom ? { valid_from: validFrom.toISOString() } : {}),
    ...(validUntil ? { valid_until: validUntil.toISOString() } : {}),
    ...(condition === '' ? {} : { condition }),
    ...(reason === '' ? {} : { reason }),
    ...(word === undefined || word === 'active' ? {} : { status: word }),
  });
  // JSON may hold them as they are, but there are readers to whom they end a line.
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

function isText(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed();
}

function conditionProblem(source: string): string | undefined {
  if (source === '') return undefined;
  try {
    compileCondition(source);
    return undefined;
  } catch (error) {
    if (error instanceof ConditionError) return error.message;
    throw error;
  }
}
