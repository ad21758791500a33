import { silentLogger } from '@gatehouse/process';
import { Freshness } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { openRedis } from '@gatehouse/redis';
import { waitFor } from '@gatehouse/testing';
import { drive } from '../load/drive.ts';
import type { Figure } from '../row.ts';
import { PATHS } from '../servers/paths.ts';
import type { Stage } from '../stages.ts';
import type { StartedServer } from '../start-server.ts';
import { insertSessions, warm } from '../work/population.ts';
import { prove } from '../work/prove.ts';
import type { KnownSession } from '../work/sessions.ts';
import { validations } from '../work/validate.ts';

const FEW = 10_000;
/** Of the many, so many are asked for: spread over all of them, and more than fit into any processor's cache. */
const ASKED = 50_000;
const BYTES_AIM = 400;
const P99_AIM = 1.2;
/** The uses of sessions are written behind; a user is online only when they have been. */
const SETTLE_TIMEOUT_MS = 60_000;

/**
 * What a session costs in Redis, everything included, and whether validation gets slower with their number. The service
 * itself puts them there: rows are made, and it is asked about each.
 */
export async function manySessions(stage: Stage, server: StartedServer): Promise<Figure[]> {
  const { population, stores, signal, say } = stage;
  await using redis = openStore(stores.redisUrl);
  const few: KnownSession[] = [];
  const many: KnownSession[] = [];
  const port = server.port('app');
  await insertSessions(stores.admin, FEW, async (portion) => void few.push(...portion), signal);
  await warm(port, few, signal);
  const p99OfFew = await p99(stage, server, few);
  const bytesBefore = await redis.usedBytes();
  say(`making ${population} sessions`);
  const every = Math.max(1, Math.floor(population / ASKED));
  let seen = 0;
  await insertSessions(
    stores.admin,
    population,
    async (portion) => {
      many.push(...portion.filter(() => seen++ % every === 0));
      await warm(port, portion, signal);
    },
    signal,
  );
  await waitFor(async () => (await waitingUses(server)) === 0, { timeoutMs: SETTLE_TIMEOUT_MS });
  const bytes = (await redis.usedBytes()) - bytesBefore;
  const p99OfMany = await p99(stage, server, many);
  const counted = population.toLocaleString('en-GB');
  return [
    {
      name: `Redis memory for each of ${counted} active sessions, presence included`,
      value: bytes / population,
      unit: 'bytes',
      aim: BYTES_AIM,
      aimIs: 'at most',
    },
    {
      name: `validate STRICT, p99 at ${counted} sessions ÷ p99 at ${FEW.toLocaleString('en-GB')}`,
      value: p99OfMany / p99OfFew,
      unit: 'ratio',
      aim: P99_AIM,
      aimIs: 'at most',
    },
  ];
}

async function p99({ warmUpMs, runMs, signal }: Stage, server: StartedServer, sessions: readonly KnownSession[]) {
  const target = { port: server.port('app'), path: PATHS.validateSession };
  const exchanges = await prove(target, validations(sessions, Freshness.FRESHNESS_STRICT), signal);
  return (await drive(target, exchanges, { warmUpMs, runMs, signal, cpuMs: () => undefined })).p99Us;
}

async function waitingUses(server: StartedServer): Promise<number> {
  return Number(/^session_activity_waiting\{[^}]*\} (\S+)$/m.exec(await server.metrics())?.[1] ?? 0);
}

function openStore(url: string) {
  const store = openRedis({ url, name: 'bench', logger: silentLogger });
  return {
    async usedBytes(): Promise<number> {
      await store.ready();
      return Number(/^used_memory:(\d+)/m.exec((await store.client.call('INFO', 'memory')) as string)?.[1]);
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}
