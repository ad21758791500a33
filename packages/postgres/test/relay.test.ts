import { uuidv7 } from '@gatehouse/process';
import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { appendOutbox, type Database, type Deliver, OUTBOX_PAYLOAD_MAX_BYTES } from '../src/index.ts';
import { textsOf, useOutbox } from './use-outbox.ts';

const outbox = useOutbox();

describe('the relay', () => {
  it('delivers the oldest first, in batches, and deletes what is delivered', async () => {
    const texts = await outbox.append('a', 'b', 'c', 'd', 'e');
    const batches: string[][] = [];
    await outbox.relay(async (messages) => void batches.push(textsOf(messages)), { batchSize: 2 }).drained();
    expect(batches.flat()).toEqual(texts);
    expect(batches.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(await outbox.left()).toEqual([]);
  });

  it('hands over ids and payloads as they were appended', async () => {
    const message = { id: uuidv7(), payload: Buffer.from([0, 255, 10]) };
    await outbox.db.transaction(async (tx) => appendOutbox(tx, 'demo', message));
    const delivered: unknown[] = [];
    await outbox.relay(async (messages) => void delivered.push(...messages)).drained();
    expect(delivered).toEqual([message]);
  });

  it('does not make a delivery larger than a call may be', async () => {
    const large = 'x'.repeat(OUTBOX_PAYLOAD_MAX_BYTES);
    await outbox.append(...Array.from({ length: 20 }, () => large));
    const sizes: number[] = [];
    await outbox.relay(async (messages) => void sizes.push(messages.length)).drained();
    expect(sizes).toEqual([16, 4]);
  });

  it('delivers at once when it is poked, and by itself when it is not', async () => {
    const delivered: string[] = [];
    const deliver: Deliver = async (messages) => void delivered.push(...textsOf(messages));
    const poked = outbox.relay(deliver, { pollMs: 60_000 });
    await poked.drained();
    await outbox.append('poked');
    poked.poke();
    // Long before it would look by itself.
    await waitFor(() => delivered.length === 1);
    await poked.stop();
    outbox.relay(deliver, { pollMs: 20 });
    await outbox.append('polled');
    await waitFor(() => delivered.length === 2);
  });

  it('does not give one message to two relays at once, and none is lost', async () => {
    const texts = await outbox.append(...Array.from({ length: 200 }, (_, index) => `m${index}`));
    const inFlight = new Set<string>();
    const delivered: string[] = [];
    let doubled = 0;
    const deliver: Deliver = async (messages) => {
      const ids = messages.map(({ id }) => id);
      doubled += ids.filter((id) => inFlight.has(id)).length;
      for (const id of ids) inFlight.add(id);
      await outbox.db.ping();
      for (const id of ids) inFlight.delete(id);
      delivered.push(...textsOf(messages));
    };
    const started = [1, 2, 3].map(() => outbox.relay(deliver, { batchSize: 7 }));
    await Promise.all(started.map((each) => each.drained()));
    expect(doubled).toBe(0);
    expect(delivered.sort()).toEqual(texts.sort());
  });

  it('drained waits for what another relay still delivers', async () => {
    await outbox.append('a');
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    outbox.relay(async () => {
      begun.resolve();
      await finish.promise;
    });
    await begun.promise;
    let isDrained = false;
    let looks = 0;
    const query: Database['query'] = (wanted, values) => {
      looks += 1;
      return outbox.db.query(wanted, values);
    };
    const other = outbox.relay(async () => undefined, { db: { ...outbox.db, query } });
    const draining = other.drained().then(() => {
      isDrained = true;
    });
    await waitFor(() => looks >= 3);
    expect(isDrained).toBe(false);
    finish.resolve();
    await draining;
    expect(await outbox.left()).toEqual([]);
  });
});
