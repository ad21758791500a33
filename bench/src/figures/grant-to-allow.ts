import { uuidv7 } from '@gatehouse/process';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Client, connect } from '@gatehouse/rpc';
import { histogram } from '../load/histogram.ts';
import type { Figure } from '../row.ts';
import { PATHS } from '../servers/paths.ts';
import type { Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import { checks, type KnownCheck } from '../work/checks.ts';
import { createRole, grantRole } from '../work/permissions.ts';
import { prove } from '../work/prove.ts';
import { delayFigures, delayUs, underLoad } from './under-load.ts';

const CHANGED = 500;
const AIM_MS = 50;
const PERMISSION = 'changes:see';

/**
 * How long after a grant was asked of one instance the other still denied, and after its revocation still allowed, with the
 * other under full load. It is asked about every user before each change, so that it answers from its memory.
 */
export async function grantToAllow(
  stage: Stage,
  a: StartedServer,
  b: StartedServer,
  known: readonly KnownCheck[],
): Promise<Figure[]> {
  const { signal } = stage;
  const target = { port: b.port('app'), path: PATHS.check };
  const [changer, asker] = [open(a.port('operator')), open(b.port('app'))];
  const [granted, revoked] = [histogram(), histogram()];
  try {
    const rest = { description: '', category: '', isDangerous: false, condition: '' };
    await changer.createPermission({ name: PERMISSION, ...rest }, { signal });
    const roleId = await createRole(changer, 'seer', '', PERMISSION);
    const users = Array.from({ length: CHANGED }, uuidv7);
    const strangers = users.map((userId) => toStranger(userId));
    await prove(target, checks(strangers), signal);
    const exchanges = await prove(target, checks(known), signal);
    await underLoad(stage, target, exchanges, async () => {
      for (const userId of users) {
        const isDecided = (expected: Decision) => async () => {
          const { decision } = await asker.check({ ...QUESTION, userId }, { signal });
          return decision === expected;
        };
        const grant = () => grantRole(changer, userId, roleId, signal);
        granted.record(await delayUs(grant, isDecided(Decision.DECISION_ALLOWED)));
        const revoke = () => changer.revokeRole({ userId, roleId, reason: '', scope: '' }, { signal });
        revoked.record(await delayUs(revoke, isDecided(Decision.DECISION_DENIED)));
      }
    });
  } finally {
    changer.close();
    asker.close();
  }
  return [
    ...delayFigures('grant to allow on another instance under load', granted, AIM_MS),
    ...delayFigures('revoke to deny on another instance under load', revoked, AIM_MS),
  ];
}

const QUESTION = { permission: PERMISSION, resource: '', context: undefined, consistency: undefined };

function toStranger(userId: string): KnownCheck {
  return { userId, roles: [], permission: PERMISSION, expected: Decision.DECISION_DENIED };
}

function open(port: number): Client<typeof AuthzServiceService> {
  const address = `127.0.0.1:${port}`;
  return connect({ definition: AuthzServiceService, address, transport: { kind: 'insecure-loopback' } });
}
