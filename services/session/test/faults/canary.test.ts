import { randomUUID } from 'node:crypto';
import { silentLogger, systemClock } from '@gatehouse/process';
import { openRedis, startBus } from '@gatehouse/redis';
import { type RedisInstance, startRedis, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canarySession } from '../../src/store/canary-session.ts';
import { type StartedSession, startSession } from '../harness.ts';

const EVERY_MS = 50;
const BOUND_MS = 600;
/** Longer than a pause of the machine, after which a shorter one would be over. */
const LONG_BOUND_MS = 2_500;
/** Between two looks of a canary. */
const MARGIN_MS = 200;
let rig: StartedSession;
let redis: RedisInstance;

beforeAll(async () => {
  redis = await startRedis();
  const env = {
    GATEHOUSE_SESSION_CANARY_MS: `${EVERY_MS}`,
    GATEHOUSE_SESSION_STALENESS_BOUND_MS: `${BOUND_MS}`,
    GATEHOUSE_SESSION_HEARTBEAT_MS: '50',
  };
  rig = await startSession({ redis, env });
});
afterAll(async () => {
  await rig.stop();
  await redis.stop();
});

/** The value of a metric, or of one of its series, among all that were read at one moment. */
function valueIn(metrics: string, name: string, label = ''): number {
  const line = metrics.split('\n').find((each) => each.startsWith(`${name}{`) && each.includes(label));
  return Number(line?.split(' ').at(-1) ?? 0);
}
const metric = async (name: string, label = '') => valueIn(await rig.metrics(), name, label);
const flown = () => metric('session_revoke_to_refuse_seconds_count');
const canaries = (result: string) => metric('session_canaries_total', `result="${result}"`);
const last = () => metric('session_revoke_to_refuse_last_seconds');
/** How many canaries so far took longer than this bucket's bound, in seconds. */
async function slowerThan(bound: string): Promise<number> {
  const metrics = await rig.metrics();
  const quick = valueIn(metrics, 'session_revoke_to_refuse_seconds_bucket', `le="${bound}"`);
  return valueIn(metrics, 'session_revoke_to_refuse_seconds_count') - quick;
}

describe('the canary', () => {
  it('is revoked again and again, and refused soon after', async () => {
    await waitFor(async () => (await flown()) >= 10);
    expect(await last()).toBeGreaterThan(0);
    expect(await canaries('refused')).toBeGreaterThanOrEqual(10);
    expect(await canaries('never')).toBe(0);
  });

  it('leaves one key in Redis that ends by itself, and no row in Postgres', async () => {
    const store = openRedis({ url: redis.url, name: 'test', commandTimeoutMs: 5_000, logger: silentLogger });
    await waitFor(() => store.usable);
    const keys = await store.client.keys('gs-canary:*');
    expect(keys).toHaveLength(1);
    expect(await store.client.pttl(keys[0] ?? '')).toBeGreaterThan(0);
    await store.close();
    const { sessionToken } = await rig.create();
    await expect(rig.validate(sessionToken)).resolves.toBeDefined();
  });

  it('is refused within the bound also while the bus is cut off again and again, and soon once it is not', async () => {
    const store = openRedis({ url: redis.url, name: 'test', commandTimeoutMs: 5_000, logger: silentLogger });
    await waitFor(() => store.usable);
    const before = await canaries('skipped');
    const cutOff = setInterval(() => void store.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => {}), 5);
    // While the subscription is gone memory may not answer, and there is nothing to measure.
    await waitFor(async () => (await canaries('skipped')) >= before + 3).finally(() => clearInterval(cutOff));
    await store.close();
    const afterwards = await flown();
    await waitFor(async () => (await flown()) >= afterwards + 5);
    expect(await canaries('never')).toBe(0);
    expect(await slowerThan('5')).toBe(0);
  });

  it('is refused within the bound while Redis says nothing, and is not begun until it does again', async () => {
    const before = { flown: await flown(), skipped: await canaries('skipped') };
    await redis.pause();
    await waitFor(async () => (await canaries('skipped')) >= before.skipped + 3);
    const whilePaused = await flown();
    await redis.resume();
    await waitFor(async () => (await flown()) >= whilePaused + 5);
    expect(await canaries('never')).toBe(0);
    expect(await slowerThan('5')).toBe(0);
  });
});

describe('a session of a canary', () => {
  it('whose end is not heard of is accepted until the bound is over, and refused from then on', async () => {
    const server = await startRedis();
    const logger = silentLogger;
    const store = openRedis({ url: server.url, name: 'test', logger });
    const bus = startBus({ redis: store, channel: 'test', heartbeatMs: 50, boundMs: LONG_BOUND_MS, logger });
    const session = canarySession({ id: randomUUID(), redis: store, bus, clock: systemClock, logger });
    const { signal } = new AbortController();
    const isAccepted = () => session.isAccepted(signal);
    await waitFor(() => bus.current, { everyMs: 5 });
    await waitFor(() => session.revive());
    expect(await isAccepted()).toBe(true);
    await server.pause();
    const startedAtMs = performance.now();
    session.revoke();
    const telling = session.tell().catch((error: unknown) => error);
    expect(await isAccepted()).toBe(true);
    let lastAcceptedMs = 0;
    await waitFor(
      async () => {
        const askedMs = performance.now() - startedAtMs;
        if (!(await isAccepted())) return true;
        lastAcceptedMs = askedMs;
        return false;
      },
      { everyMs: 1 },
    );
    expect(lastAcceptedMs).toBeLessThan(LONG_BOUND_MS + MARGIN_MS);
    expect(await telling).toMatchObject({ kind: 'unavailable' });
    await server.resume();
    await waitFor(() =>
      session.tell().then(
        () => true,
        () => false,
      ),
    );
    expect(await isAccepted()).toBe(false);
    session.close();
    await bus.stop();
    await store.close();
    await server.stop();
  });
});

describe('a canary that is switched off', () => {
  it('never flies', async () => {
    const off = await startSession({
      redis,
      database: rig.service.database,
      instance: 'off',
      env: { GATEHOUSE_SESSION_CANARY_MS: '0' },
    });
    const before = await flown();
    await waitFor(async () => (await flown()) >= before + 3);
    expect(await off.metrics()).toMatch(/session_revoke_to_refuse_seconds_count\{[^}]*\} 0/);
    expect(await off.metrics()).not.toMatch(/session_canaries_total\{[^}]*result/);
    await off.stop();
  });
});
