import { randomUUID } from 'node:crypto';
import { silentLogger } from '@gatehouse/process';
import {
  Freshness,
  RevokedReason,
  SessionServiceService,
  type WatchSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { openRedis, startBus } from '@gatehouse/redis';
import { type Bidi, bidiClient, type RedisInstance, startRedis, startStopwatch, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WATCH_LIMITS } from '../src/store/watchers.ts';
import { type StartedSession, startSession } from './harness.ts';

// Changes of many sessions are waited for, one after the other.
const OK = 0;
const CANCELLED = 1;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const LOGOUT = RevokedReason.REVOKED_REASON_LOGOUT;
/** How much of it a stream lets arrive that is not read. */
const WINDOW_BYTES = 4 * 1024 * 1024;
let redis: RedisInstance;
let rig: StartedSession;
let other: StartedSession;
const closes: (() => void)[] = [];

beforeAll(async () => {
  redis = await startRedis();
  rig = await startSession({ redis });
  other = await startSession({ redis, database: rig.service.database, instance: 'other' });
});
afterEach(() => {
  for (const close of closes.splice(0)) close();
});
afterAll(async () => {
  await other.stop();
  await rig.stop();
  await redis.stop();
});

type Watch = Bidi<{ question: bigint }, WatchSessionsResponse>;

async function connectTo(started: StartedSession, peer = 'app/test') {
  const client = await bidiClient(started.service, peer);
  closes.push(client.close);
  return { watch: (): Watch => client.open(SessionServiceService.watchSessions), close: client.close };
}

/** A watch that has begun: its first question is answered. */
async function begin(started: StartedSession, peer?: string): Promise<Watch> {
  const watch = (await connectTo(started, peer)).watch();
  await answer(watch, 1n);
  return watch;
}

async function answer(watch: Watch, question: bigint) {
  watch.send({ question });
  return waitFor(
    () => {
      const found = watch.responses.find(({ event }) => event?.$case === 'answer' && event.value.question === question);
      return found?.event?.$case === 'answer' ? found.event.value : undefined;
    },
    { everyMs: 1 },
  );
}

/** The ids that a watch was told of, in order. */
const changed = ({ responses }: Watch) =>
  responses.flatMap(({ event }) => (event?.$case === 'changes' ? event.value.sessionIds : []));
/**
 * Those of the ids that a watch was told of, each where it came first. A change may be told again: by the relay that comes
 * upon it before it is noted as told, and by an instance that starts, which tells what was revoked in the last minute.
 */
const toldOf = (watch: Watch, ids: readonly string[]) => [...new Set(changed(watch))].filter((id) => ids.includes(id));
const resets = ({ responses }: Watch) => responses.filter(({ event }) => event?.$case === 'reset').length;
const revoke = (started: StartedSession, value: string) =>
  started.app.revokeSession({ target: { $case: 'sessionToken', value }, reason: LOGOUT });
const metric = async (started: StartedSession, pattern: string) =>
  Number(new RegExp(`${pattern} (\\d+)`).exec(await started.metrics())?.[1] ?? 0);

describe('WatchSessions', () => {
  it('tells of a session that is revoked or extended, on this instance or on another', async () => {
    const watches = [await begin(rig), await begin(other)];
    const [one, two, three] = [await rig.create(), await rig.create(), await rig.create(undefined, 60)];
    await revoke(rig, one.sessionToken);
    await revoke(other, two.sessionToken);
    await rig.app.extendSession({ sessionToken: three.sessionToken, lifetimeSeconds: 3_600 });
    const ids = [one, two, three].map(({ session }) => session.sessionId);
    for (const watch of watches) {
      const told = () => toldOf(watch, ids);
      await waitFor(() => told().length >= 3, { everyMs: 1 });
      expect(told()).toEqual(ids);
    }
  });

  it('tells of every session of a user whose sessions all end', async () => {
    const watch = await begin(other);
    const userId = randomUUID();
    const ids: string[] = [];
    for (let i = 0; i < 20; i += 1) ids.push((await rig.create(userId)).session.sessionId);
    await rig.operator.revokeUserSessions({ userId, reason: RevokedReason.REVOKED_REASON_ADMINISTRATIVE });
    await waitFor(() => toldOf(watch, ids).length >= 20, { everyMs: 1 });
    expect(new Set(toldOf(watch, ids))).toEqual(new Set(ids));
  });

  it('tells of a change before anybody is told that it was made, to whoever asks after that', async () => {
    const watch = await begin(rig);
    for (let question = 2n; question < 30n; question += 1n) {
      const { sessionToken, session } = await rig.create();
      await revoke(rig, sessionToken);
      await waitFor(() => changed(watch).includes(session.sessionId), { everyMs: 1 });
      await answer(watch, question);
      await expect(rig.validate(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
    }
  });

  it('answers with its staleness, which ends the use of what was known while Redis says nothing', async () => {
    const watch = await begin(rig);
    await redis.pause();
    let question = 100n;
    await waitFor(async () => {
      question += 1n;
      return (await answer(watch, question)).stalenessMs >= 1_000;
    });
    await redis.resume();
    await waitFor(async () => {
      question += 1n;
      return (await answer(watch, question)).stalenessMs < 500;
    });
    // What was missed meanwhile can't be told one by one.
    expect(resets(watch)).toBeGreaterThanOrEqual(1);
    const lastReset = watch.responses.findLastIndex(({ event }) => event?.$case === 'reset');
    expect(lastReset).toBeLessThan(watch.responses.length - 1);
  });

  it('tells to forget everything when its subscription was cut', async () => {
    const watch = await begin(rig);
    const store = openRedis({
      url: redis.url,
      name: 'test',
      commandTimeoutMs: 5_000,
      logger: silentLogger,
    });
    await waitFor(() => store.usable);
    await store.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await store.close();
    await waitFor(() => resets(watch) >= 1, { everyMs: 1 });
    let question = 1_000n;
    await waitFor(async () => {
      question += 1n;
      return (await answer(watch, question)).stalenessMs < 1_000;
    });
  });

  it('ends well when its caller says that no more questions come', async () => {
    const watch = await begin(rig);
    watch.send({ question: 2n });
    watch.finish();
    expect(await watch.ended).toEqual({ code: OK, reason: '' });
    expect(watch.responses.at(-1)?.event).toMatchObject({ $case: 'answer', value: { question: 2n } });
  });

  it('gives its place back when its caller goes away, and counts as cancelled', async () => {
    const code = 'grpc_server_handled_total\\{[^}]*grpc_method="WatchSessions"[^}]*grpc_code="CANCELLED"[^}]*\\}';
    const before = await metric(rig, code);
    const watch = await begin(rig);
    expect(await metric(rig, 'session_watches\\{[^}]*\\}')).toBeGreaterThanOrEqual(1);
    watch.cancel();
    expect((await watch.ended).code).toBe(CANCELLED);
    await waitFor(async () => (await metric(rig, 'session_watches\\{[^}]*\\}')) === 0);
    await waitFor(async () => (await metric(rig, code)) > before);
    expect(await metric(rig, 'grpc_server_handled_total\\{[^}]*grpc_code="INTERNAL"[^}]*\\}')).toBe(0);
  });

  it('of a caller that does not read ends, and the others are told on', async () => {
    const slow = await begin(rig, 'app/slow');
    const quick = await begin(rig);
    slow.pause();
    const store = openRedis({
      url: redis.url,
      name: 'test',
      commandTimeoutMs: 5_000,
      logger: silentLogger,
    });
    const bus = startBus({ redis: store, channel: 'gatehouse:session', logger: silentLogger });
    await waitFor(() => bus.current);
    const cutOff = 'session_watches_cut_off_total\\{[^}]*reason="WATCH_TOO_SLOW"[^}]*\\}';
    const bytes = { sent: 0 };
    await waitFor(
      async () => {
        const items = Array.from({ length: WATCH_LIMITS.idsMax }, () => ({ id: randomUUID(), version: 1n }));
        await bus.publish('session', items);
        bytes.sent += items.length * 38;
        return (await metric(rig, cutOff)) > 0;
      },
      { everyMs: 1 },
    );
    expect(bytes.sent).toBeLessThan(WINDOW_BYTES * 2);
    slow.resume();
    expect(await slow.ended).toEqual({ code: UNAVAILABLE, reason: 'WATCH_TOO_SLOW' });
    const last = randomUUID();
    await bus.publish('session', [{ id: last, version: 1n }]);
    await waitFor(() => changed(quick).includes(last), { everyMs: 5 });
    await bus.stop();
    await store.close();
  });

  it('has a limited number of places for one peer, and others for the next', async () => {
    const connection = await connectTo(rig, 'app/many');
    const watches = Array.from({ length: WATCH_LIMITS.watchesPerPeerMax }, () => connection.watch());
    await Promise.all(watches.map((watch) => answer(watch, 1n)));
    const refused = connection.watch();
    refused.send({ question: 1n });
    expect(await refused.ended).toEqual({ code: RESOURCE_EXHAUSTED, reason: 'WATCHES_TOO_MANY' });
    await begin(rig, 'app/another');
    const id = (await rig.create()).sessionToken;
    await revoke(rig, id);
    await waitFor(() => watches.every((watch) => changed(watch).length > 0));
  });

  it.each(['identity', 'authz', 'audit', 'ops', 'edge/envoy', 'operator/test'])('may be used by %s', async (peer) => {
    await begin(rig, peer);
  });

  it('is refused to a peer that may not read sessions', async () => {
    const watch = (await connectTo(rig, 'stranger')).watch();
    watch.send({ question: 1n });
    expect(await watch.ended).toEqual({ code: PERMISSION_DENIED, reason: 'PEER_NOT_ALLOWED' });
  });
});

describe('an instance that stops', () => {
  it('ends its watches at once, so that their callers go elsewhere, and does not wait for them', async () => {
    const budgetMs = 30_000;
    const stopping = await startSession({
      database: rig.service.database,
      redis: rig.service.redis,
      instance: 'stopping',
      env: { GATEHOUSE_DRAIN_BUDGET_MS: `${budgetMs}`, GATEHOUSE_DRAIN_DELAY_MS: '0' },
    });
    const watches = [await begin(stopping), await begin(stopping, 'app/another')];
    const stopped = stopping.stop();
    const ends = await Promise.all(watches.map(({ ended }) => ended));
    for (const end of ends) expect(end).toEqual({ code: UNAVAILABLE, reason: 'INSTANCE_STOPPING' });
    const watch = startStopwatch();
    await stopped;
    expect(watch.stop()).toBeLessThan(budgetMs / 3);
  });
});

describe('what a watch is for', () => {
  it('tells a caller who keeps sessions in its own memory of each that ends', async () => {
    const watch = await begin(other);
    for (let round = 0; round < 50; round += 1) {
      const { sessionToken, session } = await rig.create();
      const { session: kept } = await other.validate(sessionToken, Freshness.FRESHNESS_STRICT);
      await revoke(rig, sessionToken);
      await waitFor(() => changed(watch).includes(kept?.sessionId ?? ''), { everyMs: 1 });
      expect(kept?.sessionId).toBe(session.sessionId);
    }
  });
});
