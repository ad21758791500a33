import { uuidv7 } from '@gatehouse/process';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Client, connect } from '@gatehouse/rpc';
import type { KnownCheck } from './checks.ts';
import { inParallel } from './in-parallel.ts';

/** Each team has a role that reads and, below it, one that also writes. */
export const TEAMS = 10;
const PARALLEL = 8;
const DEADLINE_MS = 30_000;

/**
 * Creates roles and grants by the RPCs and answers two checks for each user: one that is to be allowed through a role's
 * parent, one that is to be denied.
 */
export async function permissionChecks(port: number, users: number, signal: AbortSignal): Promise<KnownCheck[]> {
  const client = connect({
    definition: AuthzServiceService,
    address: `127.0.0.1:${port}`,
    transport: { kind: 'insecure-loopback' },
    defaultDeadlineMs: DEADLINE_MS,
  });
  try {
    const teams = await inParallel(
      Array.from({ length: TEAMS }, (_, team) => team),
      1,
      (team) => createTeam(client, team),
    );
    const people = Array.from({ length: users }, (_, index) => ({ userId: uuidv7(), team: index % TEAMS }));
    await inParallel(people, PARALLEL, async ({ userId, team }) => {
      const roles = [teams[team]?.editor, teams[(team + 1) % TEAMS]?.viewer];
      for (const roleId of roles) await grantRole(client, userId, roleId ?? '', signal);
    });
    return people.flatMap(({ userId, team }) => {
      const next = (team + 1) % TEAMS;
      const roles = [`editor-${team}`, `viewer-${next}`];
      return [
        { userId, roles, permission: `documents-${team}:read`, expected: Decision.DECISION_ALLOWED },
        { userId, roles, permission: `documents-${next}:write`, expected: Decision.DECISION_DENIED },
      ];
    });
  } finally {
    client.close();
  }
}

async function createTeam(client: Client<typeof AuthzServiceService>, team: number) {
  const rest = { description: '', category: '', isDangerous: false, condition: '' };
  await client.createPermission({ name: `documents-${team}:read`, ...rest });
  await client.createPermission({ name: `documents-${team}:write`, ...rest });
  const viewer = await createRole(client, `viewer-${team}`, '', `documents-${team}:read`);
  return { viewer, editor: await createRole(client, `editor-${team}`, viewer, `documents-${team}:write`) };
}

/** Creates a role with one permission, and answers its id. */
export async function createRole(
  client: Client<typeof AuthzServiceService>,
  name: string,
  parentRoleId: string,
  permission: string,
): Promise<string> {
  const { role } = await client.createRole({
    name,
    description: '',
    parentRoleId,
    permissions: [permission],
    denialConditions: [],
    deniedPermissions: [],
  });
  return role?.roleId ?? '';
}

/** Grants a role for ever and everywhere, under a condition if there is one. */
export function grantRole(
  client: Client<typeof AuthzServiceService>,
  userId: string,
  roleId: string,
  signal: AbortSignal,
  condition = '',
): Promise<unknown> {
  const always = { scope: '', validFrom: undefined, validUntil: undefined, condition, requiresApproval: false };
  return client.grantRole({ userId, roleId, reason: '', ...always }, { signal });
}
