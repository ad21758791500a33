import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { connect } from '@gatehouse/rpc';
import { drive, type Measured } from '../load/drive.ts';
import { type Figure, median } from '../row.ts';
import { PATHS } from '../servers/paths.ts';
import type { Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import { checks, type KnownCheck } from '../work/checks.ts';
import { checksOfPopulation, insertPopulation, largeModel } from '../work/large-population.ts';
import { prove } from '../work/prove.ts';
import { modelMemory } from './model-memory.ts';

/** Of the many, so many are asked about: spread over all of them, and half as many as an instance keeps in memory by default. */
const ASKED = 50_000;
const P99_AIM = 1.5;
/** The first check on the large model waits until it is read. */
const MODEL_DEADLINE_MS = 120_000;

/**
 * Whether a check gets slower with users, roles and permissions, when all that is asked about is in memory; and what the
 * model takes of it. `few` are the checks of a thousand users and a small model.
 */
export async function manyUsers(stage: Stage, server: StartedServer, few: readonly KnownCheck[]): Promise<Figure[]> {
  const { users, stores, signal, say } = stage;
  const p99OfFew = await p99(stage, server, few);
  const model = largeModel(users);
  say(`making ${users} users, ${model.roles} roles and ${model.permissions} permissions`);
  await insertPopulation(stores.admin, model, signal);
  const many = checksOfPopulation(model, ASKED);
  await tellOfModel(server, many, signal);
  say(`asking about ${many.length} of them`);
  const p99OfMany = await p99(stage, server, many);
  const fewUsers = new Set(few.map(({ userId }) => userId)).size;
  return [
    {
      name: `check, p99 at ${counted(users)} users, ${counted(model.roles)} roles nested ten deep and ${counted(model.permissions)} permissions ÷ p99 at ${counted(fewUsers)} users`,
      value: p99OfMany / p99OfFew,
      unit: 'ratio',
      aim: P99_AIM,
      aimIs: 'at most',
    },
    ...(await modelMemory(stores.postgresUrl('authz'), model, signal)),
  ];
}

/** Changes the model by an RPC, by which the instance learns of all that was put there, and waits until it has read it. */
async function tellOfModel(server: StartedServer, [first]: readonly KnownCheck[], signal: AbortSignal): Promise<void> {
  if (!first) throw new Error('There is nobody to ask about.');
  const client = connect({
    definition: AuthzServiceService,
    address: `127.0.0.1:${server.port('operator')}`,
    transport: { kind: 'insecure-loopback' },
    defaultDeadlineMs: MODEL_DEADLINE_MS,
  });
  try {
    const rest = { description: '', category: '', isDangerous: false, condition: '' };
    const { consistencyToken } = await client.createPermission({ name: 'population:made', ...rest }, { signal });
    const requirement = { $case: 'atLeastAsFresh', value: consistencyToken } as const;
    const { userId, permission } = first;
    const question = { userId, permission, resource: '', context: undefined, consistency: { requirement } };
    const { decision } = await client.check(question, { signal });
    if (decision !== Decision.DECISION_ALLOWED) throw new Error('The service does not know the model that was made.');
  } finally {
    client.close();
  }
}

/** The median of as many runs as a row has. Microseconds. */
async function p99(stage: Stage, server: StartedServer, known: readonly KnownCheck[]): Promise<number> {
  const { warmUpMs, runMs, rounds, signal } = stage;
  const target = { port: server.port('app'), path: PATHS.check };
  const exchanges = await prove(target, checks(known), signal);
  const runs: Measured[] = [];
  while (runs.length < rounds) {
    runs.push(await drive(target, exchanges, { warmUpMs, runMs, signal, cpuMs: () => undefined }));
  }
  return median(runs, ({ p99Us }) => p99Us).p99Us;
}

function counted(number: number): string {
  return number.toLocaleString('en-GB');
}
