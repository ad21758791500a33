import { bullConnection } from '@gatehouse/redis';
import { freePort, type RedisInstance, startRedis, waitFor } from '@gatehouse/testing';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: RedisInstance;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe('a connection for BullMQ', () => {
  it('carries a job from a queue to a worker and its end to the queue events', async () => {
    const [adding, working] = [bullConnection(server.url, 'queue'), bullConnection(server.url)];
    expect(working.prefix).toBe('bull');
    const queue = new Queue('mail', adding);
    const worker = new Worker('mail', async ({ data }) => data.to, working);
    const events = new QueueEvents('mail', working);
    await Promise.all([worker.waitUntilReady(), events.waitUntilReady()]);
    const job = await queue.add('welcome', { to: 'ada' });
    expect(await job.waitUntilFinished(events, 15_000)).toBe('ada');
    for (const one of [worker, events, queue]) await one.close();
    await Promise.all([adding.close(), working.close()]);
  });

  it('lets a worker outlive Redis', async () => {
    const working = bullConnection(server.url, 'worker');
    const done: string[] = [];
    const worker = new Worker('mail', async ({ name }) => void done.push(name), working);
    worker.on('error', () => {});
    await worker.waitUntilReady();
    await server.restart();
    const adding = bullConnection(server.url, 'queue');
    const queue = new Queue('mail', adding);
    await queue.waitUntilReady();
    await queue.add('after', {});
    await waitFor(() => done.length === 1);
    await worker.close();
    await queue.close();
    await Promise.all([adding.close(), working.close()]);
  });

  it('refuses a job at once when Redis is gone', async () => {
    const adding = bullConnection(`redis://127.0.0.1:${await freePort()}`, 'queue');
    const queue = new Queue('mail', { ...adding, skipWaitingForReady: true });
    queue.on('error', () => {});
    await expect(queue.add('welcome', {})).rejects.toThrow();
    await queue.close().catch(() => {});
    await adding.close();
  });
});
