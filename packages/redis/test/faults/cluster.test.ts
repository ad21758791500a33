import { bullConnection } from '@gatehouse/redis';
import { startStopwatch, waitFor } from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { gatherReads } from '../../src/gathered-reads.ts';
import {
  bounded,
  doc,
  fill,
  type Instance,
  type InstanceOptions,
  openInstance,
  redisKey,
  strict,
  textOf,
} from '../instance.ts';
import { startCluster, type Topology } from '../topologies.ts';

/** Ids whose keys lie on all three nodes. */
const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];

const COMMAND_TIMEOUT_MS = 400;
/** "At once", the pauses of the machine apart. */
const PROMPT_MS = 200;

describeWith('redis', 'with a Redis Cluster', () => {
  let cluster: Topology;
  const instances: Instance[] = [];
  beforeAll(async () => {
    cluster = await startCluster(3);
  });
  afterEach(() => Promise.all(instances.splice(0).map((instance) => instance.close())));
  afterAll(() => cluster[Symbol.asyncDispose]());

  async function open(store: InstanceOptions['store'] = {}) {
    let loads = 0;
    const heard: string[] = [];
    const instance = await openInstance({
      url: cluster.url,
      store,
      load: async (id) => {
        loads += 1;
        return { version: 1n, value: doc(`truth of ${id}`) };
      },
    });
    instance.bus.on('doc', (id, version) => heard.push(`${id} ${version}`));
    instances.push(instance);
    return {
      ...instance,
      loads: () => loads,
      hears: (line: string) => waitFor(() => heard.includes(line), { everyMs: 1 }),
    };
  }

  async function onEachNode(...words: [string, ...string[]]) {
    for (const [index] of cluster.nodes.entries()) {
      const client = cluster.client(index);
      await client.call(...words);
      client.disconnect();
    }
  }

  const nodeId = async (client: Redis) => String(await client.call('CLUSTER', 'MYID'));

  /**
   * Moves a slot without keys as `redis-cli --cluster reshard` does. Only a node that was importing the slot raises its
   * epoch when it takes it; without that, what the former owner was about to say to the others would give it back.
   */
  async function moveSlot(slot: number, from: number, to: number) {
    const [source, target] = [cluster.client(from), cluster.client(to)];
    const [sourceId, targetId] = [await nodeId(source), await nodeId(target)];
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId);
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId);
    await target.call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
    await source.call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
    source.disconnect();
    target.disconnect();
  }

  it('keys on every node are filled, read and invalidated by all instances', async () => {
    const [one, two] = [await open(), await open()];
    for (const id of IDS) await one.cache.get(id, bounded());
    await waitFor(async () => {
      const answers = await Promise.all(IDS.map((id) => two.redis.client.exists(redisKey(id))));
      return answers.every((found) => found === 1);
    });
    const found = await Promise.all(IDS.map((id) => two.cache.get(id, bounded())));
    expect(found).toMatchObject(IDS.map(() => ({ layer: 'l2' })));
    expect(two.loads()).toBe(0);
    for (const id of IDS) expect(two.cache.peek(id)?.text).toBe(`truth of ${id}`);
    await one.cache.invalidate(IDS.map((id) => ({ id, version: 2n, gone: 'revoked' })));
    for (const id of IDS) expect(await two.cache.get(id, strict())).toEqual({ state: 'gone', note: 'revoked' });
    await two.hears(`${IDS.at(-1)} 2`);
    for (const id of IDS) expect(two.cache.peek(id)).toBeUndefined();
  });

  it('reads of one turn are gathered by hash tag', async () => {
    const { redis } = await open();
    const keys = ['a:{x}', 'b:{x}', 'c:{x}:{y}', 'd:{}', 'e:{', 'f', '{y}', 'g:}{y}'];
    for (const key of keys) await redis.client.set(key, `value of ${key}`);
    await onEachNode('CONFIG', 'RESETSTAT');
    const read = gatherReads(redis);
    const found = await Promise.all(keys.map((key) => read(key)));
    expect(found.map(String)).toEqual(keys.map((key) => `value of ${key}`));
    let asked = 0;
    for (const [index] of cluster.nodes.entries()) {
      const client = cluster.client(index);
      asked += Number(/cmdstat_mget:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
      client.disconnect();
    }
    // One for x, one for y, and one each for the three that have no tag.
    expect(asked).toBe(5);
  });

  it('a lost subscription is noticed and comes back on some node', async () => {
    const one = await open();
    await fill(one.cache, 'x', 1n, doc('old'));
    let resets = 0;
    one.bus.onReset(() => {
      resets += 1;
    });
    await onEachNode('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(() => resets > 0 && one.bus.current, { everyMs: 1 });
    expect(one.cache.peek('x')).toBeUndefined();
    await one.bus.publish('doc', [{ id: 'x', version: 5n }]);
    await one.hears('x 5');
  });

  it('the loss of one master is an outage, because its successor may know less', async () => {
    const one = await open();
    const events: string[] = [];
    one.redis.onOutage(() => events.push('outage'));
    one.redis.onRecovery(() => events.push('recovery'));
    await fill(one.cache, 'kept', 1n, doc('old'));
    await waitFor(() => one.cache.peek('kept'));
    // A node is connected to only when something is asked of it.
    for (const id of IDS) await one.redis.client.exists(redisKey(id));
    expect(events).toEqual([]);
    const client = cluster.client(1);
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal');
    client.disconnect();
    await waitFor(() => events.length > 0);
    expect(one.cache.peek('kept')).toBeUndefined();
    expect(events).toEqual(['outage', 'recovery']);
    await waitFor(() => one.cache.get('kept', bounded()).then(() => one.cache.peek('kept')));
  });

  it('a slot that has moved is followed', async () => {
    const one = await open();
    const key = redisKey('moving');
    const slot = Number(await one.redis.client.call('CLUSTER', 'KEYSLOT', key));
    await fill(one.cache, 'moving', 1n, doc('here'));
    await one.redis.client.del(key);
    const owner = Math.floor(slot / (16_384 / 3));
    const next = (owner + 1) % 3;
    await moveSlot(slot, owner, next);
    await fill(one.cache, 'moving', 2n, doc('there'));
    expect(textOf(await one.cache.get('moving', strict()))).toBe('there');
    const moved = cluster.client(next);
    expect(await moved.exists(key)).toBe(1);
    moved.disconnect();
  });

  it('a node that hangs delays a lookup by no more than a command timeout', async () => {
    const one = await open({ commandTimeoutMs: COMMAND_TIMEOUT_MS });
    const ids = IDS.map((id) => `${id}${id}`);
    await Promise.all(ids.map((id) => one.cache.get(id, bounded())));
    await cluster.nodes[1]?.pause();
    const watch = startStopwatch();
    const answers = await Promise.all(ids.map((id) => one.cache.get(id, strict())));
    const tookMs = watch.stop();
    await cluster.nodes[1]?.resume();
    expect(answers.every(({ state }) => state === 'found')).toBe(true);
    expect(answers.some((answer) => answer.state === 'found' && answer.layer === 'l3')).toBe(true);
    expect(tookMs).toBeLessThan(COMMAND_TIMEOUT_MS + PROMPT_MS);
    await waitFor(async () => {
      const after = await Promise.all(ids.map((id) => one.cache.get(id, strict())));
      return after.every((answer) => answer.state === 'found' && answer.layer === 'l2');
    });
  });

  it('BullMQ keeps a queue in one slot', async () => {
    const one = await open();
    const [adding, working] = [bullConnection(one.redis, 'queue'), bullConnection(cluster.url)];
    const queue = new Queue('mail', adding);
    const done: string[] = [];
    const worker = new Worker('mail', async ({ name }) => void done.push(name), working);
    await worker.waitUntilReady();
    await queue.add('welcome', {});
    await waitFor(() => done.length === 1);
    await worker.close();
    await queue.close();
    await Promise.all([adding.close(), working.close()]);
  });
});
