import { uuidv7 } from '@gatehouse/process';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Client, connect } from '@gatehouse/rpc';
import { drive } from '../load/drive.ts';
import type { Figure } from '../row.ts';
import { PATHS } from '../servers/paths.ts';
import type { Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import { checks, type KnownCheck } from '../work/checks.ts';
import { createRole, grantRole } from '../work/permissions.ts';
import { prove } from '../work/prove.ts';

/** Five hundred questions at once, in batches that keep to what a request may take. */
const BATCHES = 10;
const ITEMS = 50;
const TURN_MS_MAX = 50;
const P99_RATIO_MAX = 2;
const PERMISSION = 'costly:see';
const NUMBERS = `[${Array.from({ length: 60 }, (_, index) => index).join(', ')}]`;
/** Goes on for 216,000 rounds if nothing stops it. */
const COSTLY = `${NUMBERS}.all(a, ${NUMBERS}.all(b, ${NUMBERS}.all(c, a + b + c >= 0)))`;
/**
 * What others see of a caller who asks 500 questions at once that each take as many steps as a condition may: the
 * longest turn of the event loop, and the 99th percentile of checks as a ratio to the same load without that caller.
 */
export async function costlyBatches(
  stage: Stage,
  server: StartedServer,
  known: readonly KnownCheck[],
): Promise<Figure[]> {
  const { signal, warmUpMs, runMs } = stage;
  const target = { port: server.port('app'), path: PATHS.check };
  const exchanges = await prove(target, checks(known), signal);
  const [operator, caller] = [open(server.port('operator')), open(server.port('app'))];
  try {
    const userId = await grantCostly(operator, signal);
    const options = { warmUpMs, runMs, signal, cpuMs: () => server.cpuMs() };
    // Reading the metrics begins the longest turn anew.
    await server.metrics();
    const without = await drive(target, exchanges, options);
    const turnWithoutMs = longestTurnMs(await server.metrics());
    const over = new AbortController();
    const asking = askOverAndOver(caller, userId, AbortSignal.any([signal, over.signal]));
    const beside = await drive(target, exchanges, options).finally(() => over.abort());
    const turnMs = longestTurnMs(await server.metrics());
    if ((await asking) === 0) throw new Error('No batch was answered.');
    return [
      {
        name: 'longest turn of the event loop beside 500 questions that reach the limit of steps',
        value: turnMs,
        unit: 'ms',
        aim: TURN_MS_MAX,
        aimIs: 'at most',
      },
      { name: 'the same without them', value: turnWithoutMs, unit: 'ms' },
      {
        name: 'check, p99 beside such questions ÷ p99 without',
        value: beside.p99Us / without.p99Us,
        unit: 'ratio',
        aim: P99_RATIO_MAX,
        aimIs: 'at most',
      },
    ];
  } finally {
    operator.close();
    caller.close();
  }
}

type Authz = Client<typeof AuthzServiceService>;

async function grantCostly(client: Authz, signal: AbortSignal): Promise<string> {
  const rest = { description: '', category: '', isDangerous: false, condition: '' };
  await client.createPermission({ name: PERMISSION, ...rest }, { signal });
  const roleId = await createRole(client, 'costly-seer', '', PERMISSION);
  const userId = uuidv7();
  await grantRole(client, userId, roleId, signal, COSTLY);
  return userId;
}

/** All questions over and over, until the signal ends it. Answers how often they were answered. */
async function askOverAndOver(client: Authz, userId: string, signal: AbortSignal): Promise<number> {
  const item = { userId, permission: PERMISSION, resource: '', context: undefined };
  const items = Array.from({ length: ITEMS }, () => item);
  const ask = async () => {
    const { results } = await client.batchCheck({ items, consistency: undefined }, { signal });
    if (results.some(({ decision }) => decision !== Decision.DECISION_DENIED)) {
      throw new Error('A condition that was stopped has decided something.');
    }
  };
  for (let answered = 0; ; answered += 1) {
    try {
      await Promise.all(Array.from({ length: BATCHES }, ask));
    } catch (error) {
      if (signal.aborted) return answered;
      throw error;
    }
  }
}

/** Since the metrics were read before. What the clock that watches the loop waits between two looks is a part of it. */
function longestTurnMs(metrics: string): number {
  const [, seconds] = /^nodejs_eventloop_lag_max_seconds(?:\{[^}]*\})? (\S+)$/m.exec(metrics) ?? [];
  if (seconds === undefined) throw new Error('The server tells nothing of its event loop.');
  return Number(seconds) * 1_000;
}

function open(port: number): Authz {
  const transport = { kind: 'insecure-loopback' } as const;
  return connect({ definition: AuthzServiceService, address: `127.0.0.1:${port}`, transport });
}
