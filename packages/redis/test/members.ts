import { createRegistry, silentLogger } from '@gatehouse/process';
import { type InvalidationBus, openRedis, type RedisStore, startBus } from '@gatehouse/redis';
import { type RedisInstance, startRedis, startStopwatch, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll } from 'vitest';

/** Long enough for a pause of the machine: within the bound it would lapse, and half a heartbeat is all a message has. */
export const HEARTBEAT_MS = 200;
export const BOUND_MS = 2_500;
const COMMAND_TIMEOUT_MS = 2_000;
export const CHANNEL = 'test:bus';

export interface Member {
  readonly redis: RedisStore;
  readonly bus: InvalidationBus;
  /** What the member was told, in order: `reset`, or `topic id version`. */
  readonly told: string[];
  metrics(): Promise<string>;
  /** The metric of that name that says how stale the bus is. */
  stalenessMs(): Promise<number>;
}

/** A Redis for the tests of one file, emptied after each, and members of one bus on it. */
export function useMembers() {
  let server: RedisInstance;
  const members: Member[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const { bus, redis } of members.splice(0)) {
      await bus.stop();
      await redis.close();
    }
    await server.flush();
  });
  afterAll(() => server.stop());
  return {
    get server() {
      return server;
    },
    async join({ url = server.url, current = true } = {}): Promise<Member> {
      const member = startMember(url);
      members.push(member);
      if (current) await waitFor(() => member.bus.current, { everyMs: 5 });
      member.told.length = 0;
      return member;
    },
  };
}

function startMember(url: string): Member {
  const registry = createRegistry('test');
  const redis = openRedis({ url, name: 'test', commandTimeoutMs: COMMAND_TIMEOUT_MS, logger: silentLogger });
  const bus = startBus({
    redis,
    channel: CHANNEL,
    heartbeatMs: HEARTBEAT_MS,
    boundMs: BOUND_MS,
    logger: silentLogger,
    registry,
  });
  const told: string[] = [];
  bus.onReset(() => told.push('reset'));
  for (const topic of ['a', 'b']) bus.on(topic, (id, version) => told.push(`${topic} ${id} ${version}`));
  return {
    redis,
    bus,
    told,
    metrics: () => registry.metrics(),
    stalenessMs: async () => Number(/invalidation_bus_staleness_ms\{[^}]*\} (\S+)/.exec(await registry.metrics())?.[1]),
  };
}

/** Waits until the bus of a member is current no more, and says for how long this process had to run until then. */
export async function whenNotCurrent({ bus }: Member): Promise<number> {
  const watch = startStopwatch();
  await waitFor(() => !bus.current, { everyMs: 1 });
  return watch.stop();
}
