import { writeFile } from 'node:fs/promises';
import { FILE_BYTES_MAX, formatPolicy } from '@gatehouse/client/policy-file';
import type { Policy, PolicyConditionProblem } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import type { PolicyClient } from './connect-authz.ts';
import { unreadable } from './unreadable.ts';

/** How long it may take. */
const EXPORT_MS_MAX = 10 * 60_000;

export interface Exporting {
  /** Where to write it; undefined: it is printed. */
  readonly output: string | undefined;
  readonly client: PolicyClient;
  readonly print: (text: string) => void;
  /** For what is no part of the file. */
  readonly warn: (line: string) => void;
  /** Whether the conditions that can't be read are told as JSON, a line each. */
  readonly json: boolean;
}

/** Writes the model as the file that `authz apply` takes. */
export async function exportPolicy({ output, client, print, warn, json }: Exporting): Promise<void> {
  const { whole, problems } = await receive(client);
  const text = toFile(whole);
  if (Buffer.byteLength(text) > FILE_BYTES_MAX) warn(`The file is larger than one may be that is applied.`);
  if (output === undefined) print(text);
  else await writeFile(output, text);
  for (const { permission, role, problem } of problems) {
    const whose = role === '' ? `permission ${permission}` : `role ${role} denies ${permission}`;
    const place = role === '' ? { permission } : { permission, role };
    warn(json ? JSON.stringify({ ...place, ...problem }) : unreadable(whose, problem));
  }
}

async function receive(
  client: PolicyClient,
): Promise<{ readonly whole: Policy; readonly problems: readonly PolicyConditionProblem[] }> {
  const whole: Policy = { permissions: [], roles: [], exclusions: [] };
  const problems: PolicyConditionProblem[] = [];
  let isComplete = false;
  for await (const part of client.exportPolicy({}, { deadlineMs: Date.now() + EXPORT_MS_MAX })) {
    whole.permissions.push(...(part.policy?.permissions ?? []));
    whole.roles.push(...(part.policy?.roles ?? []));
    whole.exclusions.push(...(part.policy?.exclusions ?? []));
    problems.push(...part.conditionProblems);
    isComplete = part.isComplete;
  }
  if (!isComplete) throw new Error('The service has not answered to the end.');
  return { whole, problems };
}

function toFile({ permissions, roles, exclusions }: Policy): string {
  return formatPolicy({
    permissions,
    roles: roles.map(({ deniedPermissions, denialConditions, ...role }) => {
      const conditions = new Map(denialConditions.map(({ permission, condition }) => [permission, condition]));
      const deny = deniedPermissions.map((permission) => ({
        permission,
        condition: conditions.get(permission) ?? '',
      }));
      return { ...role, deny };
    }),
    exclusions: exclusions.map(({ role, excludedRole, reason }) => ({ roles: [role, excludedRole], reason })),
  });
}
