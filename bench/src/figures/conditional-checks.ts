import { uuidv7 } from '@gatehouse/process';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { connect } from '@gatehouse/rpc';
import { drive, type Measured } from '../load/drive.ts';
import { type Figure, mean, median } from '../row.ts';
import { PATHS } from '../servers/paths.ts';
import type { Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import { checks, type KnownCheck } from '../work/checks.ts';
import { createRole, grantRole } from '../work/permissions.ts';
import { prove } from '../work/prove.ts';

const USERS = 200;
/** How often the two are measured, one after the other. */
const ROUNDS = 3;
const AIM = 0.95;
const PERMISSION = 'conditional:see';
const INSIDE = 'request.ip.inCidr("10.0.0.0/8")';

/**
 * What is left of the rate of checks from memory when the grant that allows is under a condition on the address. Everything
 * else is the same: the permission, the role, and a question that names an address.
 */
export async function conditionalChecks(stage: Stage, server: StartedServer): Promise<Figure[]> {
  const { signal } = stage;
  const target = { port: server.port('app'), path: PATHS.check };
  const [free, bound] = await grantBoth(server.port('operator'), signal);
  const [freely, boundly] = [await prove(target, checks(free), signal), await prove(target, checks(bound), signal)];
  // What the condition keeps out is kept out.
  await prove(target, checks(bound.map((check) => outside(check))), signal);
  const options = { ...stage, runMs: stage.runMs / ROUNDS, cpuMs: () => server.cpuMs() };
  const ratios: number[] = [];
  while (ratios.length < ROUNDS) {
    const before = await drive(target, freely, options);
    const conditional = await drive(target, boundly, options);
    const after = await drive(target, freely, options);
    ratios.push(mean([costOf(before), costOf(after)]) / costOf(conditional));
  }
  return [
    {
      name: 'check under an address condition ÷ the same check without',
      value: median(ratios, (ratio) => ratio),
      unit: 'ratio',
      aim: AIM,
      aimIs: 'at least',
    },
  ];
}

/** What an answer takes: of the server's processor where the machine tells. */
function costOf({ cpuUs, perSecond }: Measured): number {
  return cpuUs ?? 1e6 / perSecond;
}

/** Users who have the role always, and users who have it where the condition holds. */
async function grantBoth(
  port: number,
  signal: AbortSignal,
): Promise<readonly [free: KnownCheck[], bound: KnownCheck[]]> {
  const transport = { kind: 'insecure-loopback' } as const;
  const client = connect({ definition: AuthzServiceService, address: `127.0.0.1:${port}`, transport });
  try {
    const rest = { description: '', category: '', isDangerous: false, condition: '' };
    await client.createPermission({ name: PERMISSION, ...rest }, { signal });
    const roleId = await createRole(client, 'conditional-seer', '', PERMISSION);
    const grantAll = async (condition: string): Promise<KnownCheck[]> => {
      const users = Array.from({ length: USERS }, uuidv7);
      for (const userId of users) await grantRole(client, userId, roleId, signal, condition);
      return users.map((userId) => ({
        userId,
        roles: ['conditional-seer'],
        permission: PERMISSION,
        ip: '10.1.2.3',
        expected: Decision.DECISION_ALLOWED,
      }));
    };
    return [await grantAll(''), await grantAll(INSIDE)];
  } finally {
    client.close();
  }
}

function outside(check: KnownCheck): KnownCheck {
  return { ...check, ip: '192.0.2.1', expected: Decision.DECISION_DENIED };
}
