import { Failure } from '@gatehouse/failure';
import { createRegistry } from '@gatehouse/process';
import { startStopwatch, waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { openScratch, rowsOf } from './scratch-database.ts';
import { textsOf, useOutbox } from './use-outbox.ts';

const outbox = useOutbox();

describe('the relay', () => {
  it('backs off while deliveries fail, counts the attempts, and delivers when they work', async () => {
    await outbox.append('a');
    const attemptedAt: number[] = [];
    const delivered: string[] = [];
    const running = outbox.relay(async (messages) => {
      attemptedAt.push(performance.now());
      if (attemptedAt.length < 4) throw new Failure('unavailable', 'AUDIT_DOWN', 'Try later.');
      const [row] = await outbox.left();
      expect(row?.attempts).toBe(3);
      delivered.push(...textsOf(messages));
    });
    await running.drained();
    expect(delivered).toEqual(['a']);
    const pauses = attemptedAt.slice(1).map((at, index) => at - (attemptedAt[index] ?? 0));
    expect(pauses[0]).toBeGreaterThan(45);
    expect(pauses[2]).toBeGreaterThan(180);
  });

  it('a poke does not shorten the pause after a failure', async () => {
    await outbox.append('a');
    const attemptedAt: number[] = [];
    const running = outbox.relay(async () => {
      attemptedAt.push(performance.now());
      throw new Failure('unavailable', 'AUDIT_DOWN', 'Try later.');
    });
    await waitFor(() => attemptedAt.length === 3);
    running.poke();
    await waitFor(() => {
      running.poke();
      return attemptedAt.length === 4;
    });
    expect((attemptedAt[3] ?? 0) - (attemptedAt[2] ?? 0)).toBeGreaterThan(180);
  });

  it.each(['invalid', 'denied'] as const)(
    'marks a message that is refused as %s, and delivers the others',
    async (kind) => {
      await outbox.append('a', 'b', 'poison', 'c', 'd');
      const delivered: string[] = [];
      const registry = createRegistry('test');
      const running = outbox.relay(
        async (messages) => {
          const texts = textsOf(messages);
          if (texts.includes('poison')) throw new Failure(kind, 'BAD_EVENT', 'This event is wrong.');
          delivered.push(...texts);
        },
        { registry },
      );
      await running.drained();
      expect(delivered).toEqual(['a', 'b', 'c', 'd']);
      expect(await outbox.left()).toEqual([
        { text: 'poison', attempts: 1, refused_reason: 'BAD_EVENT: This event is wrong.' },
      ]);
      await outbox.append('e', 'f');
      await running.drained();
      expect(delivered).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
      const metrics = await registry.metrics();
      expect(metrics).toMatch(/gatehouse_outbox_refused_total\{.*\} 1/);
      expect(metrics).toMatch(/gatehouse_outbox_delivered_total\{.*\} 6/);
      expect(metrics).toMatch(/gatehouse_outbox_oldest_seconds\{.*\} 0/);
    },
  );

  it('sets a message aside on which deliveries fail, nobody knows why, delivers those behind it, and tries it again', async () => {
    await outbox.append('a', 'poison', 'b', 'c');
    const delivered: string[] = [];
    let isMended = false;
    const registry = createRegistry('test');
    const running = outbox.relay(
      async (messages) => {
        const texts = textsOf(messages);
        if (texts.includes('poison') && !isMended) throw new Error('internal');
        delivered.push(...texts);
      },
      { registry, pollMs: 20 },
    );
    await waitFor(() => delivered.length === 3);
    expect(delivered).toEqual(['a', 'b', 'c']);
    await outbox.append('d', 'e');
    running.poke();
    await waitFor(() => delivered.length === 5);
    expect(await outbox.left()).toMatchObject([{ text: 'poison', refused_reason: null }]);
    isMended = true;
    await running.drained();
    expect(delivered).toEqual(['a', 'b', 'c', 'd', 'e', 'poison']);
    expect(await registry.metrics()).toMatch(/gatehouse_outbox_refused_total(\{.*\})? 0/);
  });

  it('backs off where every message fails, nobody knows why', async () => {
    await outbox.append('a', 'b', 'c', 'd', 'e', 'f');
    const attemptedAt: number[] = [];
    outbox.relay(async () => {
      attemptedAt.push(performance.now());
      throw new Error('internal');
    });
    await waitFor(() => attemptedAt.length === 6);
    // All of them, and then one after the other.
    const pauses = attemptedAt.slice(2).map((at, index) => at - (attemptedAt[index + 1] ?? 0));
    expect(pauses[0]).toBeGreaterThan(45);
    expect(pauses[2]).toBeGreaterThan(180);
  });

  it('stop waits for the delivery that runs, and nothing is delivered after it', async () => {
    await outbox.append('a', 'b');
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const delivered: string[] = [];
    const running = outbox.relay(
      async (messages) => {
        begun.resolve();
        await finish.promise;
        delivered.push(...textsOf(messages));
      },
      { batchSize: 1 },
    );
    await begun.promise;
    let hasStopped = false;
    const stopping = running.stop().then(() => {
      hasStopped = true;
    });
    await outbox.db.ping();
    expect(hasStopped).toBe(false);
    finish.resolve();
    await stopping;
    expect(delivered).toEqual(['a']);
    expect(await outbox.left()).toMatchObject([{ text: 'b' }]);
    await expect(running.drained()).rejects.toMatchObject({ reason: 'RELAY_STOPPED' });
  });

  it('stop does not wait for the pause after a failure, and tells those who wait for it to drain', async () => {
    await outbox.append('a');
    let attempts = 0;
    const running = outbox.relay(async () => {
      attempts += 1;
      throw new Failure('unavailable', 'AUDIT_DOWN', 'Try later.');
    });
    const drained = expect(running.drained()).rejects.toMatchObject({ reason: 'RELAY_STOPPED' });
    // From here on it pauses for at least 1.6 seconds, after the statements that count the attempt.
    await waitFor(() => attempts === 6);
    const watch = startStopwatch();
    await running.stop();
    expect(watch.stop()).toBeLessThan(1_500);
    await drained;
  });

  it('goes on when its database connections are cut', async () => {
    const own = openScratch(outbox.url, { applicationName: 'relay-cut' });
    const delivered: string[] = [];
    const running = outbox.relay(async (messages) => void delivered.push(...textsOf(messages)), {
      db: own,
      pollMs: 10,
      // What it held when it was cut off it is given again when that time is over.
      deliveryTimeoutMs: 100,
    });
    const cut = () =>
      rowsOf(outbox.url, `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relay-cut'`);
    for (const text of ['a', 'b', 'c']) {
      await waitFor(async () => (await cut()).length > 0);
      await outbox.append(text);
    }
    // What was cut between its delivery and its commit is delivered again.
    await waitFor(() => new Set(delivered).size === 3);
    await running.stop();
    await own.close();
  });

  it('does not wait for a delivery that hangs, and tells it so', async () => {
    await outbox.append('a');
    const signals: AbortSignal[] = [];
    const running = outbox.relay(
      async (_, signal) => {
        signals.push(signal);
        if (signals.length === 1) await new Promise<never>(() => {});
      },
      { deliveryTimeoutMs: 50 },
    );
    await running.drained();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });
});
